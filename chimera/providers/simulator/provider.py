"""The built-in simulator: it has no model and needs no key, and its answers are marked as simulated."""

from chimera.config.settings import Settings
from chimera.providers.base import Limits, Provider
from chimera.providers.chat_completions.media import ChatCompletionsMedia
from chimera.providers.keys import address_of


def make(settings: Settings) -> Provider:
    """Create the provider. The configured address is the server's own, without /v1. Raises `MissingBaseUrl`."""
    return ChatCompletionsMedia(
        name="simulator",
        base_url=address_of("simulator", settings).rstrip("/") + "/v1",
        api_key="simulated",
        limits=Limits.of(settings),
        simulated=True,
        schema_with_tools=True,
        # A company's proxy can't reach a server on this machine.
        trust_env=False,
    )
