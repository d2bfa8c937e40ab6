"""Google's Gemini models, by the Developer API and a key."""

from chimera.config.settings import Settings
from chimera.providers.base import Limits, Provider
from chimera.providers.google.media import GoogleMedia
from chimera.providers.keys import address_of, key_of


def make(settings: Settings) -> Provider:
    """Raises `MissingKey` and `UnusableKey`."""
    return GoogleMedia(
        base_url=address_of("google", settings),
        api_key=key_of("google", settings),
        limits=Limits.of(settings),
    )
