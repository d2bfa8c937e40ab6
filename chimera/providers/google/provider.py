"""Google's Gemini models, through the Developer API with an API key."""

from chimera.config.settings import Settings
from chimera.providers.base import Limits, Provider
from chimera.providers.google.media import GoogleMedia
from chimera.providers.keys import address_of, key_of


def make(settings: Settings) -> Provider:
    """Create the provider. Raises `MissingKey` or `UnusableKey`."""
    return GoogleMedia(
        base_url=address_of("google", settings),
        api_key=key_of("google", settings),
        limits=Limits.of(settings),
    )
