"""OpenAI, through the chat-completions API."""

from chimera.config.settings import Settings
from chimera.providers.base import Limits, Provider
from chimera.providers.chat_completions.media import ChatCompletionsMedia
from chimera.providers.keys import address_of, key_of


def make(settings: Settings) -> Provider:
    """Create the provider. Raises `MissingKey` or `UnusableKey`."""
    return ChatCompletionsMedia(
        name="openai",
        base_url=address_of("openai", settings),
        api_key=key_of("openai", settings),
        limits=Limits.of(settings),
        limit_field="max_completion_tokens",
        schema_with_tools=True,
        asks_for_base64=False,
    )
