"""Embeddings, images and transcriptions by Gemini: what is sent, what counts as an answer, and what is charged.

These tests use scripted bytes, because aimock has no `batchEmbedContents` and generates images only with Imagen's
method.
"""

import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from chimera.providers.google.media import GoogleMedia
from chimera.providers.media import EmbeddingRequest, ImageRequest, TranscriptionRequest
from models import errors
from models.ai_calls import MediaUsage
from tests.chimera.provider_limits import limits
from tests.media import a_png, a_wav
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script

JSON = {"content-type": "application/json"}
IMAGE_PART = {"inlineData": {"mimeType": "image/png", "data": b64encode(a_png()).decode()}}


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    async with running_script() as server:
        yield server


@pytest.fixture
async def google(scripted: Scripted) -> AsyncIterator[GoogleMedia]:
    google = GoogleMedia(
        api_key="a-secret", base_url=scripted.url, limits=limits(max_media_bytes=20_000), trust_env=False
    )
    yield google
    await google.close()


def embedding(*inputs: str, dimensions: int | None = None, model: str = "gemini-embedding-001") -> EmbeddingRequest:
    return EmbeddingRequest(model, inputs, dimensions, "call-1", 1)


def image(size: str | None = None) -> ImageRequest:
    return ImageRequest("gemini-2.5-flash-image", "a cat", 1, size, "call-1", 1)


def recording() -> TranscriptionRequest:
    return TranscriptionRequest("gemini-2.5-flash", a_wav(), "audio/wav", "de", "Bob", "call-1", 1)


def answering(body: Any, status: int = 200) -> Script:
    return Script([body if isinstance(body, bytes) else json.dumps(body).encode()], status=status, headers=JSON)


def answer_of(*parts: dict[str, Any], reason: str | None = "STOP", **reported: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}} | ({"finishReason": reason} if reason else {})
    return {"candidates": [candidate], "responseId": "r-1", **reported}


@pytest.mark.parametrize("model", ["gemini-embedding-001", "gemini-embedding-2"])
async def test_each_text_has_a_vector_of_its_own(google: GoogleMedia, scripted: Scripted, model: str) -> None:
    scripted.script = answering(
        {"embeddings": [{"values": [0.5, 1]}, {"values": [-2, 0.25]}], "usageMetadata": {"promptTokenCount": 5}}
    )
    end = await google.embed(embedding("a", "b", dimensions=2, model=model))
    assert tuple(end.vectors.floats()) == ((0.5, 1), (-2, 0.25))
    assert end.usage == MediaUsage(input_tokens=5)
    requests = scripted.bodies[0]["requests"]
    assert [each["content"]["parts"] for each in requests] == [[{"text": "a"}], [{"text": "b"}]]
    assert [each["outputDimensionality"] for each in requests] == [2, 2]
    assert scripted.headers[0]["x-chimera-call"] == "call-1"


async def test_an_image_is_a_part_of_an_answer(google: GoogleMedia, scripted: Scripted) -> None:
    usage = {
        "promptTokenCount": 6,
        "candidatesTokenCount": 1290,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
        "thoughtsTokenCount": 10,
    }
    thought = IMAGE_PART | {"thought": True}
    scripted.script = answering(answer_of(thought, {"text": "Here it is."}, IMAGE_PART, usageMetadata=usage))
    end = await google.generate_images(image("1536x1024"))
    assert [(each.media_type, each.data) for each in end.images] == [("image/png", a_png())]
    assert end.usage == MediaUsage(input_tokens=6, output_tokens=1300, output_image_tokens=1290)
    assert end.request_id == "r-1"
    sent = scripted.bodies[0]["generationConfig"]
    assert sent == {"responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "3:2"}}


async def test_a_recording_is_transcribed(google: GoogleMedia, scripted: Scripted) -> None:
    usage = {
        "promptTokenCount": 90,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 58}, {"modality": "AUDIO", "tokenCount": 32}],
        "candidatesTokenCount": 4,
    }
    scripted.script = answering(answer_of({"text": "Guten "}, {"text": "Tag.\n"}, usageMetadata=usage))
    end = await google.transcribe(recording())
    assert end.text == "Guten Tag."
    assert end.usage == MediaUsage(input_tokens=90, input_audio_tokens=32, output_tokens=4)
    words, audio = scripted.bodies[0]["contents"][0]["parts"]
    assert "The spoken language is de." in words["text"]
    assert "Bob" in words["text"]
    # The SDK may use either base64 alphabet and either field name; Google reads both.
    inline = audio["inlineData"]
    assert urlsafe_b64decode(inline["data"]) == a_wav()
    assert inline.get("mimeType", inline.get("mime_type")) == "audio/wav"


async def test_silence_is_an_empty_transcription(google: GoogleMedia, scripted: Scripted) -> None:
    scripted.script = answering(answer_of({"text": "[silence]"}))
    assert (await google.transcribe(recording())).text == ""


@pytest.mark.parametrize(
    "body",
    [
        {"embeddings": [{"values": [1, 2]}]},
        {"embeddings": [{"values": [1, 2]}, {"values": [1]}]},
        {"embeddings": [{"values": [1, 2]}, {}]},
        {},
    ],
)
async def test_an_answer_without_vectors_fails(google: GoogleMedia, scripted: Scripted, body: Any) -> None:
    scripted.script = answering(body)
    await _fails(google.embed(embedding("a", "b")), errors.Malformed)
    assert len(scripted.bodies) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (answer_of(IMAGE_PART, reason=None), errors.Truncated),
        (answer_of(IMAGE_PART, reason="MAX_TOKENS"), errors.Truncated),
        (answer_of({"text": "I can't."}), errors.UselessAnswer),
        (answer_of({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}), errors.Malformed),
        (answer_of(reason="IMAGE_SAFETY"), errors.ContentRefused),
        (answer_of(reason="NO_IMAGE"), errors.Malformed),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, errors.ContentRefused),
        (b"no json", errors.Malformed),
        (answer_of({"text": "x" * 20_000}), errors.AnswerTooLarge),
    ],
)
async def test_an_answer_without_images_fails(
    google: GoogleMedia, scripted: Scripted, body: Any, kind: type[errors.ProviderError]
) -> None:
    scripted.script = answering(body)
    error = await _fails(google.generate_images(image()), kind)
    assert error.may_be_billed
    assert len(scripted.bodies) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (403, errors.WrongKey),
        (404, errors.UnknownModel),
        (429, errors.RateLimited),
        (503, errors.Overloaded),
    ],
)
async def test_each_refusal_is_sorted_and_asked_once(
    google: GoogleMedia, scripted: Scripted, status: int, kind: type[errors.ProviderError]
) -> None:
    scripted.script = answering({"error": {"code": status, "message": "No.", "status": "X"}}, status)
    for call in (google.embed(embedding("a")), google.generate_images(image()), google.transcribe(recording())):
        error = await _fails(call, kind)
        assert not error.may_be_billed
    assert len(scripted.bodies) == 3


@pytest.mark.parametrize("size", ["1024x1024", "1536x1024", "1080x1920", "2520x1080"])
async def test_an_aspect_ratio_of_google_is_accepted(google: GoogleMedia, size: str) -> None:
    google.check_size(size)


async def test_an_aspect_ratio_unknown_to_google_is_refused(google: GoogleMedia) -> None:
    with pytest.raises(errors.InvalidInput, match="16:9"):
        google.check_size("1792x1024")


async def _fails(call: Awaitable[Any], kind: type[errors.ProviderError]) -> errors.ProviderError:
    with pytest.raises(errors.ProviderError) as caught:
        await call
    assert type(caught.value) is kind, caught.value
    return caught.value
