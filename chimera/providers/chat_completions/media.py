"""Embeddings, images and transcriptions with OpenAI's API, for OpenAI, self-hosted servers and the simulator.

The SDK would read an answer of any length, and builds its objects without checking them. So answers are read here, up
to a size limit, and then checked against the request.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, Unpack

from pydantic_core import from_json

from chimera.content.file_types import AUDIO
from chimera.content.text import clean_text
from chimera.providers.chat_completions.chat import ChatCompletions, Options
from chimera.providers.media import (
    EmbeddingEnd,
    EmbeddingRequest,
    ImageEnd,
    ImageRequest,
    TranscriptionEnd,
    TranscriptionRequest,
    check_image_count,
    from_base64,
    image_of,
    may_be_at_work,
    packed,
)
from chimera.providers.refusals.refusal import disconnected
from chimera.providers.wire.http import SizeLimit, Waits, headers_of
from models.ai_calls import MAX_REPORTED_SECONDS, MediaUsage
from models.errors import Malformed, ProviderError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

End = TypeVar("End")


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """An answer's JSON, and the provider's ID for the request."""

    body: dict[str, Any]
    request_id: str | None


class ChatCompletionsMedia(ChatCompletions):
    """A provider that chats, embeds, generates images and transcribes with OpenAI's API."""

    max_inputs = 2048
    max_images = 10
    audio_types: ClassVar[frozenset[str]] = frozenset(AUDIO)
    max_audio_bytes = 25 * 1024 * 1024
    """https://developers.openai.com/api/docs/guides/speech-to-text"""

    def __init__(self, *, asks_for_base64: bool = True, **options: Unpack[Options]) -> None:
        """`asks_for_base64`: ask for images as base64, because some servers return links otherwise. OpenAI's own models
        never return links, and reject the field.
        """
        super().__init__(**options)
        self._asks_for_base64 = asks_for_base64

    def check_size(self, size: str) -> None:
        """Accept every size: sizes differ by model and change, so the server checks them."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingEnd:
        """See `Embeds`."""
        body: dict[str, Any] = {"model": request.model, "input": list(request.inputs), "encoding_format": "base64"}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions

        def end_of(answer: JsonAnswer) -> EmbeddingEnd:
            entries = sorted(_dicts(answer.body.get("data")), key=lambda entry: _whole(entry.get("index")))
            if [entry.get("index") for entry in entries] != list(range(len(request.inputs))):
                raise Malformed(f"{self.name} sent an incomplete or incorrectly numbered list of vectors.")
            vectors = [entry.get("embedding") for entry in entries]
            usage = _token_usage(answer.body.get("usage"))
            return EmbeddingEnd(
                packed(self.name, vectors, len(request.inputs), request.dimensions), usage, answer.request_id
            )

        return await self._whole(
            lambda client: client.embeddings.with_streaming_response.create(**body, extra_headers=headers_of(request)),
            end_of,
            request.model,
            self._waits,
        )

    async def generate_images(self, request: ImageRequest) -> ImageEnd:
        """See `GeneratesImages`."""
        body: dict[str, Any] = {"model": request.model, "prompt": request.prompt, "n": request.n}
        if request.size is not None:
            body["size"] = request.size
        if self._asks_for_base64:
            body["response_format"] = "b64_json"

        def end_of(answer: JsonAnswer) -> ImageEnd:
            entries = _dicts(answer.body.get("data"))
            check_image_count(self.name, len(entries), request.n)
            revised = tuple(clean_text(str(entry.get("revised_prompt") or "")) for entry in entries)
            images = tuple(map(self._image, entries))
            usage = _image_usage(answer.body.get("usage"))
            return ImageEnd(images, revised if any(revised) else (), usage, answer.request_id)

        return await self._whole(
            lambda client: client.images.with_streaming_response.generate(**body, extra_headers=headers_of(request)),
            end_of,
            request.model,
            self._long_waits(),
        )

    async def transcribe(self, request: TranscriptionRequest) -> TranscriptionEnd:
        """See `Transcribes`."""
        # Vendors rely on the file extension, so it is derived from the detected type.
        file = (f"audio.{AUDIO.get(request.media_type, 'bin')}", request.audio, request.media_type)
        hints = {"language": request.language, "prompt": request.prompt}
        body: dict[str, Any] = {name: hint for name, hint in hints.items() if hint}

        def end_of(answer: JsonAnswer) -> TranscriptionEnd:
            text, language = answer.body.get("text"), answer.body.get("language")
            if not isinstance(text, str):
                raise Malformed(f"{self.name} sent a transcription without text.")
            language_code = clean_text(language) if isinstance(language, str) else None
            return TranscriptionEnd(
                clean_text(text), language_code, _audio_usage(answer.body.get("usage")), answer.request_id
            )

        return await self._whole(
            lambda client: client.audio.transcriptions.with_streaming_response.create(
                file=file, model=request.model, response_format="json", **body, extra_headers=headers_of(request)
            ),
            end_of,
            request.model,
            self._long_waits(),
        )

    def _long_waits(self) -> Waits:
        """Return timeouts for a server that sends nothing before an image is generated or a recording transcribed."""
        return Waits(self.name, self._limits.total_s, self._waits.stall_s)

    async def _whole(
        self, ask: "Callable[[AsyncOpenAI], Any]", end_of: Callable[[JsonAnswer], End], model: str, waits: Waits
    ) -> End:
        """Make one request, read its answer within the time and size limits, and check it."""
        client = await self._client.get()
        size, parts = SizeLimit(self._limits.max_media_bytes, "CHIMERA_MAX_MEDIA_BYTES"), []
        begun = False
        try:
            async with asyncio.timeout_at(waits.first_deadline()) as opening, ask(client) as response:
                # From here on, only the wait for each piece is limited.
                begun = True
                opening.reschedule(None)
                pieces = response.iter_bytes()
                while (piece := await waits.next(pieces, None)) is not None:
                    size.count_bytes(len(piece))
                    parts.append(piece)
                request_id = response.headers.get("x-request-id")
            # In a thread, because there may be many megabytes to decode.
            return await asyncio.to_thread(lambda: end_of(JsonAnswer(self._json(b"".join(parts)), request_id)))
        except Exception as error:  # noqa: BLE001  (whatever the SDK raises becomes one of our errors)
            raise self._sorted_media(error, model, waits, begun=begun) from None

    def _sorted_media(self, error: Exception, model: str, waits: Waits, *, begun: bool) -> ProviderError:
        import httpx2

        if isinstance(error, ProviderError):
            known = error
        elif isinstance(error, TimeoutError):
            known = waits.silence(begun=begun)
        elif isinstance(error, httpx2.TransportError):
            known = disconnected(self.name, error, begun=begun)
        else:
            known = self._sorted(model, error, begun)
        # A server that has begun to answer has done the work.
        known.may_be_billed = known.may_be_billed or begun or may_be_at_work(error)
        return known

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            answer = _parsed(body)
        except (ValueError, RecursionError):
            raise Malformed(f"{self.name} sent invalid JSON. Check its address.") from None
        if not isinstance(answer, dict):
            raise Malformed(f"{self.name} sent JSON with an unexpected structure.")
        return answer

    def _image(self, entry: dict[str, Any]) -> Any:
        encoded = entry.get("b64_json")
        if not isinstance(encoded, str) or not encoded:
            raise Malformed(f"{self.name} sent either no image or only a link to one.")
        return image_of(self.name, from_base64(self.name, encoded))


def _parsed(body: bytes) -> object:
    try:
        return from_json(body)
    except ValueError:
        # `from_json` rejects half an emoji, which `clean_text` removes later. `json.loads` accepts it, but takes five
        # times as long.
        return json.loads(body)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _token_usage(reported: object) -> MediaUsage | None:
    """Read the usage; None if missing or implausible. The ledger then estimates it, and marks it as an estimate.

    The same applies to the functions below.
    """
    tokens = reported.get("prompt_tokens") if isinstance(reported, Mapping) else None
    return MediaUsage(input_tokens=tokens) if isinstance(tokens, int) and tokens > 0 else None


def _image_usage(reported: object) -> MediaUsage | None:
    if not isinstance(reported, Mapping):
        return None
    read, written = _whole(reported.get("input_tokens")), _whole(reported.get("output_tokens"))
    if not written:
        return None
    details_in, details_out = reported.get("input_tokens_details"), reported.get("output_tokens_details")
    return MediaUsage(
        input_tokens=read,
        input_image_tokens=_detail(details_in, "image_tokens"),
        output_tokens=written,
        # Without details, all output counts as images, because such a model returns nothing else.
        output_image_tokens=_detail(details_out, "image_tokens") if isinstance(details_out, Mapping) else written,
    )


def _audio_usage(reported: object) -> MediaUsage | None:
    """Read the usage in tokens or as a duration, depending on how the model is charged."""
    if not isinstance(reported, Mapping):
        return None
    seconds = reported.get("seconds")
    if isinstance(seconds, int | float) and 0 < seconds <= MAX_REPORTED_SECONDS:
        return MediaUsage(audio_seconds=float(seconds))
    read = _whole(reported.get("input_tokens"))
    if not read:
        return None
    return MediaUsage(
        input_tokens=read,
        input_audio_tokens=_detail(reported.get("input_token_details"), "audio_tokens"),
        output_tokens=_whole(reported.get("output_tokens")),
    )


def _detail(details: object, name: str) -> int:
    return _whole(details.get(name)) if isinstance(details, Mapping) else 0
