"""Small protocols for the operations that a provider may support besides chat: embed, generate images, transcribe.

A provider that supports an operation implements its method. As with chat, it only translates, and maps errors. A
truncated or malformed answer never counts as a success: everything returned here has been checked.
"""

from array import array
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from sys import byteorder
from typing import Protocol, runtime_checkable

from chimera.content.file_types import IMAGES, media_type_of
from chimera.providers.base import Image
from models.ai_calls import MediaUsage
from models.errors import Malformed, UselessAnswer

FLOAT_BYTES = 4
GATEWAY_GAVE_UP = (502, 504)


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """Texts to embed. `model` is the name after the slash."""

    model: str
    inputs: tuple[str, ...]
    dimensions: int | None
    call_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of equal length, one after the other, as little-endian float32. All numbers are finite."""

    count: int
    dimensions: int
    data: bytes

    def floats(self) -> Iterator[tuple[float, ...]]:
        """Yield one vector at a time, because as Python objects, all of them would take eight times as many bytes."""
        size_bytes = self.dimensions * FLOAT_BYTES
        for start in range(0, self.count * size_bytes, size_bytes):
            numbers = array("f", self.data[start : start + size_bytes])
            if byteorder == "big":
                numbers.byteswap()
            yield tuple(numbers)


@dataclass(frozen=True, slots=True)
class EmbeddingEnd:
    """A whole answer. Here and below, `usage` is None if the provider didn't report any."""

    vectors: Vectors
    usage: MediaUsage | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Images to generate. `size` is width x height in pixels, as in 1024x1024."""

    model: str
    prompt: str
    n: int
    size: str | None
    call_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ImageEnd:
    """At least one image. Fewer images than requested are accepted, because they are paid for. `revised_prompts`
    contains one prompt for each image, or none at all.
    """

    images: tuple[Image, ...]
    revised_prompts: tuple[str, ...]
    usage: MediaUsage | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """Audio to transcribe. `media_type` was detected from its bytes."""

    model: str
    audio: bytes
    media_type: str
    language: str | None
    prompt: str | None
    call_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TranscriptionEnd:
    """The transcript, which may be empty for a silent recording."""

    text: str
    language: str | None
    usage: MediaUsage | None
    request_id: str | None


@runtime_checkable
class Embeds(Protocol):
    """A provider that embeds texts."""

    max_inputs: int
    """Texts per request."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingEnd:
        """Make one request. Raises a `ProviderError`."""
        ...


@runtime_checkable
class GeneratesImages(Protocol):
    """A provider that generates images."""

    max_images: int
    """Images per request."""

    def check_size(self, size: str) -> None:
        """Raise InvalidInput for a size that the provider doesn't support."""
        ...

    async def generate_images(self, request: ImageRequest) -> ImageEnd:
        """Make one request. Raises a `ProviderError`."""
        ...


@runtime_checkable
class Transcribes(Protocol):
    """A provider that transcribes audio."""

    audio_types: frozenset[str]
    max_audio_bytes: int

    async def transcribe(self, request: TranscriptionRequest) -> TranscriptionEnd:
        """Make one request. Raises a `ProviderError`."""
        ...


def may_be_at_work(error: BaseException) -> bool:
    """Return whether a provider may have received the whole request and be working on it, although it sent nothing.

    No byte arrives before an image is generated, so a proxy on the way may close the connection in the meantime.
    `error` is HTTPX's, or an SDK's that was raised from it.
    """
    import httpx2

    if getattr(error, "status_code", None) in GATEWAY_GAVE_UP or getattr(error, "code", None) in GATEWAY_GAVE_UP:
        return True
    cause = error if isinstance(error, httpx2.TransportError) else error.__cause__
    unsent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    return isinstance(cause, httpx2.TransportError) and not isinstance(cause, unsent)


def packed(provider: str, vectors: Sequence[object], count: int, dimensions: int | None) -> Vectors:
    """Check vectors, each a list of numbers or base64 of little-endian float32, and pack them.

    Raises Malformed, or UselessAnswer if a retry would return the same.
    """
    if len(vectors) != count:
        raise Malformed(f"{provider} sent {len(vectors)} vectors for {count} inputs.")
    parts = [_vector(provider, vector) for vector in vectors]
    lengths = {len(part) // FLOAT_BYTES for part in parts}
    if len(lengths) != 1 or 0 in lengths:
        raise Malformed(f"{provider} sent vectors of different lengths: {sorted(lengths)[:5]}.")
    length = lengths.pop()
    if dimensions not in (None, length):
        raise UselessAnswer(
            f"{provider} sent vectors with {length} dimensions instead of {dimensions}. Omit dimensions, or use a model"
            " that can shorten its vectors."
        )
    return Vectors(len(parts), length, b"".join(parts))


def image_of(provider: str, data: bytes) -> Image:
    """Return bytes as an image. Raises Malformed if they aren't an image."""
    media_type = media_type_of(data)
    if media_type not in IMAGES:
        raise Malformed(f"{provider} didn't send a PNG, JPEG or WebP image.")
    return Image(media_type, data)


def check_image_count(provider: str, generated: int, asked: int) -> None:
    """Raise UselessAnswer if there is no image, or Malformed if there are more than requested."""
    if generated == 0:
        raise UselessAnswer(f"{provider} returned no image. Rephrase the prompt and retry.")
    if generated > asked:
        raise Malformed(f"{provider} sent {generated} images instead of {asked}.")


def from_base64(provider: str, text: str) -> bytes:
    """Decode base64. Raises Malformed."""
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise Malformed(f"{provider} sent invalid base64.") from None


def _vector(provider: str, vector: object) -> bytes:
    if isinstance(vector, str):
        data = from_base64(provider, vector)
        if len(data) % FLOAT_BYTES:
            raise Malformed(f"{provider} sent an incomplete vector.")
    else:
        data = _from_numbers(provider, vector)
    numbers = array("f", data)
    if byteorder == "big":
        numbers.byteswap()
    if not all(map(isfinite, numbers)):
        raise Malformed(f"{provider} sent a vector that contains non-finite numbers.")
    return data


def _from_numbers(provider: str, vector: object) -> bytes:
    try:
        numbers = array("f", _list(vector))
    except (TypeError, ValueError, OverflowError):
        raise Malformed(f"{provider} sent a vector that is not a list of numbers.") from None
    if byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _list(value: object) -> list[float]:
    if not isinstance(value, list):
        raise TypeError(type(value).__name__)
    return value
