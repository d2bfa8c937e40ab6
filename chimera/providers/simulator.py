"""The built-in simulator: no model and no key, and answers that say so."""

from chimera.config.settings import Settings
from chimera.providers.base import Provider
from chimera.providers.chat_completions.media import OpenAIMedia
from models.errors import MissingBaseUrl


def make(settings: Settings) -> Provider:
    """The address is the server's own, without /v1. Raises `MissingBaseUrl`."""
    if not settings.simulator_url:
        raise MissingBaseUrl("simulator", "CHIMERA_SIMULATOR_URL")
    return OpenAIMedia(
        name="simulator",
        base_url=settings.simulator_url.rstrip("/") + "/v1",
        api_key="simulated",
        first_byte_s=settings.call_first_byte_s,
        stall_s=settings.call_stall_s,
        max_answer_bytes=settings.max_answer_bytes,
        simulated=True,
        # A company's proxy can't reach a server on this machine.
        trust_env=False,
    ).for_media(max_bytes=settings.max_media_bytes, total_s=settings.call_total_s)
