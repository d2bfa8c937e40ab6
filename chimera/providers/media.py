"""What a provider may be able to do besides chat: embed, draw, write sound down. A small protocol for each.

A provider that can has the method; one that can't has not. As with chat it translates and sorts its errors, nothing
else. A cut or malformed answer is never success: what is handed back here has been checked.
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
from models.calls import MediaUsage
from models.errors import Malformed, UselessAnswer

FLOAT_BYTES = 4
GATEWAY_GAVE_UP = (502, 504)


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """Texts to be turned into vectors. `model` is the name after the slash."""

    model: str
    inputs: tuple[str, ...]
    dimensions: int | None
    call_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of one length, one after the other, as little-endian float32; all their numbers are finite."""

    count: int
    dimensions: int
    data: bytes

    def floats(self) -> Iterator[tuple[float, ...]]:
        """Yield vector after vector: as objects all of them take eight times their bytes."""
        size_bytes = self.dimensions * FLOAT_BYTES
        for start in range(0, self.count * size_bytes, size_bytes):
            numbers = array("f", self.data[start : start + size_bytes])
            if byteorder == "big":
                numbers.byteswap()
            yield tuple(numbers)


@dataclass(frozen=True, slots=True)
class EmbeddingEnd:
    """A whole answer. `usage` is None when the provider told none, here and below."""

    vectors: Vectors
    usage: MediaUsage | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Pictures to be drawn. `size` is width x height in pixels, as in 1024x1024."""

    model: str
    prompt: str
    n: int
    size: str | None
    call_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ImageEnd:
    """One picture at least; fewer than were asked for are kept too, for they are paid. `revised_prompts` has one for
    each, or none at all.
    """

    images: tuple[Image, ...]
    revised_prompts: tuple[str, ...]
    usage: MediaUsage | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """Sound to be written down. `media_type` was found in its bytes."""

    model: str
    audio: bytes
    media_type: str
    language: str | None
    prompt: str | None
    call_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TranscriptionEnd:
    """What was said; may be empty, for there is silence too."""

    text: str
    language: str | None
    usage: MediaUsage | None
    request_id: str | None


@runtime_checkable
class Embeds(Protocol):
    """A provider that turns texts into vectors."""

    max_inputs: int
    """Texts in one request."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingEnd:
        """Make one request. Raises a `ProviderError`."""
        ...


@runtime_checkable
class Draws(Protocol):
    """A provider that draws."""

    max_images: int
    """Pictures of one request."""

    def check_size(self, size: str) -> None:
        """Raise InvalidInput for a size that the provider never draws."""
        ...

    async def draw(self, request: ImageRequest) -> ImageEnd:
        """Make one request. Raises a `ProviderError`."""
        ...


@runtime_checkable
class Transcribes(Protocol):
    """A provider that writes sound down."""

    audio_types: frozenset[str]
    max_audio_bytes: int

    async def transcribe(self, request: TranscriptionRequest) -> TranscriptionEnd:
        """Make one request. Raises a `ProviderError`."""
        ...


def may_be_at_work(error: BaseException) -> bool:
    """Say whether a provider may have the whole request, and work on it, though it said nothing.

    Nothing comes before a picture is drawn, so what stands between us and the vendor may hang up meanwhile. `error` is
    HTTPX's, or that of an SDK that was raised from it.
    """
    import httpx2

    if getattr(error, "status_code", None) in GATEWAY_GAVE_UP or getattr(error, "code", None) in GATEWAY_GAVE_UP:
        return True
    cause = error if isinstance(error, httpx2.TransportError) else error.__cause__
    unsent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    return isinstance(cause, httpx2.TransportError) and not isinstance(cause, unsent)


def packed(provider: str, vectors: Sequence[object], count: int, dimensions: int | None) -> Vectors:
    """Check vectors, each a list of numbers or base64 of little-endian float32, and pack them.

    Raises Malformed, and UselessAnswer where asking again would bring the same.
    """
    if len(vectors) != count:
        raise Malformed(f"{provider} sent {len(vectors)} vectors for {count} texts.")
    parts = [_vector(provider, vector) for vector in vectors]
    lengths = {len(part) // FLOAT_BYTES for part in parts}
    if len(lengths) != 1 or 0 in lengths:
        raise Malformed(f"{provider} sent vectors of the lengths {sorted(lengths)[:5]}.")
    length = lengths.pop()
    if dimensions not in (None, length):
        raise UselessAnswer(
            f"{provider} sent vectors of {length} dimensions in place of {dimensions}; leave dimensions out, or use a"
            " model that can shorten its vectors."
        )
    return Vectors(len(parts), length, b"".join(parts))


def picture_of(provider: str, data: bytes) -> Image:
    """Take bytes for the picture that they are. Raises Malformed when they are none."""
    media_type = media_type_of(data)
    if media_type not in IMAGES:
        raise Malformed(f"{provider} sent something that is no picture of a known kind.")
    return Image(media_type, data)


def check_drawn(provider: str, drawn: int, asked: int) -> None:
    """Raises UselessAnswer for no picture, and Malformed for more than were asked for."""
    if drawn == 0:
        raise UselessAnswer(f"{provider} drew nothing; say differently what is to be seen.")
    if drawn > asked:
        raise Malformed(f"{provider} sent {drawn} pictures in place of {asked}.")


def from_base64(provider: str, text: str) -> bytes:
    """Raises Malformed."""
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise Malformed(f"{provider} sent base64 that is broken.") from None


def _vector(provider: str, vector: object) -> bytes:
    if isinstance(vector, str):
        data = from_base64(provider, vector)
        if len(data) % FLOAT_BYTES:
            raise Malformed(f"{provider} sent a vector that is cut.")
    else:
        data = _from_numbers(provider, vector)
    numbers = array("f", data)
    if byteorder == "big":
        numbers.byteswap()
    if not all(map(isfinite, numbers)):
        raise Malformed(f"{provider} sent a vector with numbers that aren't finite.")
    return data


def _from_numbers(provider: str, vector: object) -> bytes:
    try:
        numbers = array("f", _list(vector))
    except (TypeError, ValueError, OverflowError):
        raise Malformed(f"{provider} sent a vector that is no list of numbers.") from None
    if byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _list(value: object) -> list[float]:
    if not isinstance(value, list):
        raise TypeError(type(value).__name__)
    return value
