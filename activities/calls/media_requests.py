"""Requests for embeddings, images and transcriptions.

Also estimates their maximum usage, which is charged if the provider doesn't report any, or if the attempt is in doubt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chimera.content.audio import guessed_seconds
from chimera.content.text import estimate_tokens
from chimera.pricing import MediaPrice
from chimera.providers.base import Image, Provider
from chimera.providers.media import (
    EmbeddingRequest,
    Embeds,
    GeneratesImages,
    ImageRequest,
    Transcribes,
    TranscriptionRequest,
    Vectors,
)
from models.ai_calls import MediaUsage, Operation
from models.errors import NotOffered

IMAGE_TOKENS = 6_240
"""The maximum for an image of 1536x1024 pixels: https://developers.openai.com/api/docs/guides/image-generation"""
AUDIO_TOKENS_PER_S = 32
"""Gemini's rate: https://ai.google.dev/gemini-api/docs/audio. OpenAI's models need about a third of that."""
SPOKEN_TOKENS_PER_S = 4


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """A media request. For a transcription, the recording's size and type are set first, and `audio` is added later."""

    call_id: str
    operation: Operation
    model: str
    request: Mapping[str, Any]
    audio: bytes = b""
    size_bytes: int = 0
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class MediaEnd:
    """A result: values for the call's row, and the images that become files."""

    usage: MediaUsage | None
    request_id: str | None
    items: int
    result: Mapping[str, Any]
    vectors: Vectors | None = None
    images: tuple[Image, ...] = ()
    revised_prompts: tuple[str, ...] = ()


async def ask(provider: Provider, asked: MediaRequest, attempt: int) -> MediaEnd:
    """Make the request. Raises a ProviderError, and NotOffered if the provider no longer supports the operation."""
    match asked.operation:
        case Operation.EMBEDDINGS if isinstance(provider, Embeds):
            return await _embedded(provider, asked, attempt)
        case Operation.IMAGES if isinstance(provider, GeneratesImages):
            return await _generated(provider, asked, attempt)
        case Operation.TRANSCRIPTIONS if isinstance(provider, Transcribes):
            return await _transcribed(provider, asked, attempt)
    raise NotOffered(provider.name, asked.operation, ())


def estimate_of(asked: MediaRequest) -> MediaUsage:
    """Return the estimated maximum usage of a call."""
    match asked.operation:
        case Operation.EMBEDDINGS:
            return MediaUsage(input_tokens=sum(map(estimate_tokens, asked.request["input"])))
        case Operation.IMAGES:
            prompt = MediaUsage(input_tokens=estimate_tokens(asked.request["prompt"]))
            return prompt.model_copy(update=_image_usage(int(asked.request["n"])))
        case Operation.TRANSCRIPTIONS:
            # The API measures the duration when it accepts the request. Older rows have only the file's size.
            seconds = float(asked.request.get("audio_seconds") or guessed_seconds(asked.size_bytes))
            audio_tokens = round(seconds * AUDIO_TOKENS_PER_S)
            written = round(seconds * SPOKEN_TOKENS_PER_S)
            return MediaUsage(
                input_tokens=audio_tokens, input_audio_tokens=audio_tokens, output_tokens=written, audio_seconds=seconds
            )


def charged(reported: MediaUsage | None, estimate: MediaUsage, price: MediaPrice) -> tuple[MediaUsage, bool]:
    """Return the charged usage of a call, and whether it is our estimate.

    A provider may count in another unit than the one that its price is in, for example tokens instead of seconds.
    Implausible counts are ignored, because recording a paid call must never fail.
    """
    # We count the images ourselves: those that were returned, or else those that were requested.
    counted = (reported and reported.images) or estimate.images
    if reported is not None and not reported.makes_sense():
        reported = None
    usage = (reported or MediaUsage()).model_copy(update={"images": counted})
    rate = price.rate_for(estimate.input_tokens)
    by_tokens = rate.input is not None or rate.output is not None or rate.output_image is not None
    if by_tokens and not usage.input_tokens and not usage.output_tokens:
        guessed = _image_usage(counted) | {"audio_seconds": usage.audio_seconds or estimate.audio_seconds}
        return estimate.model_copy(update=guessed), True
    if rate.audio_hour is not None and estimate.audio_seconds and not usage.audio_seconds:
        return usage.model_copy(update={"audio_seconds": estimate.audio_seconds}), True
    return usage, reported is None and not (rate.image is not None and not by_tokens)


def _image_usage(images: int) -> dict[str, float]:
    """Return the maximum usage of generated images; empty if none are generated."""
    if not images:
        return {}
    tokens = images * IMAGE_TOKENS
    return {"images": images, "output_tokens": tokens, "output_image_tokens": tokens}


async def _embedded(provider: Embeds, asked: MediaRequest, attempt: int) -> MediaEnd:
    end = await provider.embed(
        EmbeddingRequest(
            model=asked.model,
            inputs=tuple(asked.request["input"]),
            dimensions=asked.request.get("dimensions"),
            call_id=asked.call_id,
            attempt=attempt,
        )
    )
    result = {"count": end.vectors.count, "dimensions": end.vectors.dimensions}
    return MediaEnd(end.usage, end.request_id, end.vectors.count, result, vectors=end.vectors)


async def _generated(provider: GeneratesImages, asked: MediaRequest, attempt: int) -> MediaEnd:
    end = await provider.generate_images(
        ImageRequest(
            model=asked.model,
            prompt=asked.request["prompt"],
            n=asked.request["n"],
            size=asked.request.get("size"),
            call_id=asked.call_id,
            attempt=attempt,
        )
    )
    # Count the images that were returned, not those requested: if there are fewer, they are kept and charged as such.
    usage = (end.usage or MediaUsage()).model_copy(update={"images": len(end.images)})
    return MediaEnd(usage, end.request_id, len(end.images), {}, images=end.images, revised_prompts=end.revised_prompts)


async def _transcribed(provider: Transcribes, asked: MediaRequest, attempt: int) -> MediaEnd:
    end = await provider.transcribe(
        TranscriptionRequest(
            model=asked.model,
            audio=asked.audio,
            media_type=asked.media_type,
            language=asked.request.get("language"),
            prompt=asked.request.get("prompt"),
            call_id=asked.call_id,
            attempt=attempt,
        )
    )
    result = {"text": end.text, "language": end.language, "file_id": asked.request["file_id"]}
    return MediaEnd(end.usage, end.request_id, len(end.text), result)
