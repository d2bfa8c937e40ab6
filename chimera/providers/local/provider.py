"""A self-hosted model server (Ollama, llama.cpp, vLLM, LM Studio, …): anything that speaks chat completions."""

from dataclasses import replace

from chimera.config.settings import Settings
from chimera.providers.base import Limits, Provider
from chimera.providers.chat_completions.media import ChatCompletionsMedia
from chimera.providers.keys import address_of, key_of

FIRST_BYTE_S = 180.0
"""The minimum: a server that loads the model on the first call sends nothing in the meantime."""


def make(settings: Settings) -> Provider:
    """Create the provider. The configured address ends in /v1. Raises `MissingBaseUrl` or `UnusableKey`."""
    limits = Limits.of(settings)
    return ChatCompletionsMedia(
        name="local",
        base_url=address_of("local", settings),
        api_key=key_of("local", settings),
        limits=replace(limits, first_byte_s=max(limits.first_byte_s, FIRST_BYTE_S)),
        # Ollama calls tools anyway: https://github.com/ollama/ollama/issues/17921
        obeys_tool_choice=False,
    )
