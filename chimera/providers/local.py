"""A model server of your own (Ollama, llama.cpp, vLLM, LM Studio, …): anything that speaks chat completions."""

from chimera.config.settings import Settings
from chimera.providers.base import Provider
from chimera.providers.chat_completions.media import OpenAIMedia
from chimera.providers.keys import usable
from models.errors import MissingBaseUrl

FIRST_BYTE_S = 180.0
"""At least: a server that loads the model on the first call sends nothing meanwhile."""


def make(settings: Settings) -> Provider:
    """The address is the one that ends in /v1. Raises `MissingBaseUrl` and `UnusableKey`."""
    if not settings.local_base_url:
        raise MissingBaseUrl("local", "CHIMERA_LOCAL_BASE_URL")
    return OpenAIMedia(
        name="local",
        base_url=settings.local_base_url,
        api_key=usable("local", settings.local_api_key),
        first_byte_s=max(settings.call_first_byte_s, FIRST_BYTE_S),
        stall_s=settings.call_stall_s,
        max_answer_bytes=settings.max_answer_bytes,
        # Ollama calls tools all the same: https://github.com/ollama/ollama/issues/17921
        obeys_tool_choice=False,
    ).for_media(max_bytes=settings.max_media_bytes, total_s=settings.call_total_s)
