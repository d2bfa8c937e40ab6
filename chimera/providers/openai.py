"""OpenAI."""

from chimera.config.settings import Settings
from chimera.providers.base import Provider
from chimera.providers.chat_completions.media import OpenAIMedia
from chimera.providers.keys import key_of

DEFAULT_BASE_URL = "https://api.openai.com/v1"


def make(settings: Settings) -> Provider:
    """Raises `MissingKey` and `UnusableKey`."""
    key = key_of("openai", settings.openai_api_key)
    return OpenAIMedia(
        name="openai",
        base_url=settings.openai_base_url or DEFAULT_BASE_URL,
        api_key=key,
        first_byte_s=settings.call_first_byte_s,
        stall_s=settings.call_stall_s,
        max_answer_bytes=settings.max_answer_bytes,
        limit_field="max_completion_tokens",
    ).for_media(max_bytes=settings.max_media_bytes, total_s=settings.call_total_s, asks_for_base64=False)
