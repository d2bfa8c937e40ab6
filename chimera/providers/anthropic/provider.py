"""Anthropic, through its Messages API."""

from chimera.config.settings import Settings
from chimera.providers.anthropic.chat import Anthropic
from chimera.providers.base import Limits, Provider
from chimera.providers.keys import address_of, key_of


def make(settings: Settings) -> Provider:
    """Create the provider. Raises `MissingKey` or `UnusableKey`."""
    return Anthropic(
        base_url=address_of("anthropic", settings),
        api_key=key_of("anthropic", settings),
        limits=Limits.of(settings),
    )
