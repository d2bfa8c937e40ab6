"""Embeddings, images and transcriptions in OpenAI's wire format, against aimock and against scripted bytes."""

import json
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import pytest

from chimera.providers.chat_completions.media import ChatCompletionsMedia
from chimera.providers.media import EmbeddingRequest, ImageRequest, TranscriptionRequest
from models import errors
from models.ai_calls import MediaUsage
from tests.chimera.provider_limits import limits
from tests.media import a_png, a_wav
from tests.wires.aimock import journal_of, running_aimock
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import FOREVER, Script

KEY = "sk-a-secret-of-these-tests"
JSON = {"content-type": "application/json", "x-request-id": "req_7"}
PNG = b64encode(a_png()).decode()
FIXTURES: list[dict[str, Any]] = [
    {"match": {"inputText": "tea", "endpoint": "embedding"}, "response": {"embedding": [0.5, -0.25, 0.125]}},
    {"match": {"userMessage": "a cat", "endpoint": "image"}, "response": {"images": [{"b64Json": PNG}]}},
    {
        "match": {"userMessage": "a crowd", "endpoint": "image"},
        "response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429},
    },
    {
        "match": {"endpoint": "transcription"},
        "response": {
            "transcription": {
                "text": "Guten Tag.",
                "usage": {
                    "type": "tokens",
                    "input_tokens": 14,
                    "output_tokens": 5,
                    "total_tokens": 19,
                    "input_token_details": {"audio_tokens": 10, "text_tokens": 4},
                },
            }
        },
    },
]


def provider_at(url: str, **changes: Any) -> ChatCompletionsMedia:
    options: dict[str, Any] = {
        "name": "openai",
        "base_url": f"{url}/v1",
        "api_key": KEY,
        "limits": limits(max_media_bytes=100_000),
        "trust_env": False,
        "asks_for_base64": False,
    }
    return ChatCompletionsMedia(**(options | changes))


def embedding(*inputs: str, dimensions: int | None = None, model: str = "text-embedding-3-small") -> EmbeddingRequest:
    return EmbeddingRequest(model, inputs or ("tea",), dimensions, "call-1", 2)


def image(prompt: str = "a cat", n: int = 1, size: str | None = None) -> ImageRequest:
    return ImageRequest("gpt-image-2", prompt, n, size, "call-1", 2)


def recording(**changes: Any) -> TranscriptionRequest:
    options: dict[str, Any] = {"language": None, "prompt": None} | changes
    return TranscriptionRequest(
        "gpt-4o-transcribe", a_wav(), "audio/wav", options["language"], options["prompt"], "call-1", 2
    )


@pytest.fixture(scope="module")
async def aimock(starts_servers: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running_aimock(tmp_path_factory, FIXTURES) as url:
        yield url


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    async with running_script() as server:
        yield server


@pytest.fixture
async def provider(scripted: Scripted) -> AsyncIterator[ChatCompletionsMedia]:
    provider = provider_at(scripted.url)
    yield provider
    await provider.close()


async def test_another_projects_server_embeds(aimock: str) -> None:
    provider = provider_at(aimock)
    end = await provider.embed(embedding("tea"))
    await provider.close()
    assert tuple(end.vectors.floats()) == ((0.5, -0.25, 0.125),)
    (asked,) = [entry for entry in await journal_of(aimock) if "embeddings" in entry["path"]]
    assert asked["headers"]["x-chimera-call"] == "call-1"
    assert asked["headers"]["idempotency-key"] == "call-1.2"


async def test_another_projects_server_generates_images(aimock: str) -> None:
    provider = provider_at(aimock)
    end = await provider.generate_images(image())
    with pytest.raises(errors.RateLimited):
        await provider.generate_images(image("a crowd"))
    await provider.close()
    assert [(each.media_type, each.data) for each in end.images] == [("image/png", a_png())]
    assert end.usage is None
    # The SDK's own retries are turned off.
    assert sum("images" in entry["path"] for entry in await journal_of(aimock)) == 2


async def test_another_projects_server_transcribes(aimock: str) -> None:
    provider = provider_at(aimock)
    end = await provider.transcribe(recording())
    await provider.close()
    assert end.text == "Guten Tag."
    assert end.usage == MediaUsage(input_tokens=14, input_audio_tokens=10, output_tokens=5)


async def test_vectors_come_in_order_as_numbers_or_as_base64(
    provider: ChatCompletionsMedia, scripted: Scripted
) -> None:
    packed = b64encode(struct.pack("<2f", 1.5, -2)).decode()
    data = [{"index": 1, "embedding": [3, 4.25]}, {"index": 0, "embedding": packed}]
    scripted.script = answering({"data": data, "usage": {"prompt_tokens": 7, "total_tokens": 7}})
    end = await provider.embed(embedding("a", "b", dimensions=2))
    assert tuple(end.vectors.floats()) == ((1.5, -2), (3, 4.25))
    assert (end.usage, end.request_id) == (MediaUsage(input_tokens=7), "req_7")
    assert scripted.bodies == [
        {"input": ["a", "b"], "model": "text-embedding-3-small", "encoding_format": "base64", "dimensions": 2}
    ]


async def test_an_image_is_charged_by_its_tokens(provider: ChatCompletionsMedia, scripted: Scripted) -> None:
    usage = {
        "input_tokens": 12,
        "input_tokens_details": {"text_tokens": 12, "image_tokens": 0},
        "output_tokens": 1060,
        "output_tokens_details": {"text_tokens": 4, "image_tokens": 1056},
        "total_tokens": 1072,
    }
    data = [{"b64_json": PNG, "revised_prompt": "A cat\u202e."}]
    scripted.script = answering({"created": 1, "data": data, "usage": usage})
    end = await provider.generate_images(image(size="1024x1024"))
    assert end.usage == MediaUsage(input_tokens=12, output_tokens=1060, output_image_tokens=1056)
    assert end.revised_prompts == ("A cat.",)
    assert scripted.bodies == [{"model": "gpt-image-2", "prompt": "a cat", "n": 1, "size": "1024x1024"}]


async def test_an_own_server_is_asked_for_image_data(scripted: Scripted) -> None:
    scripted.script = answering({"data": [{"b64_json": PNG}]})
    local = provider_at(scripted.url, name="local", asks_for_base64=True)
    await local.generate_images(image())
    await local.close()
    assert scripted.bodies[0]["response_format"] == "b64_json"


async def test_a_recording_goes_with_its_own_ending(provider: ChatCompletionsMedia, scripted: Scripted) -> None:
    scripted.script = answering({"text": "Hi.", "usage": {"type": "duration", "seconds": 1.5}})
    end = await provider.transcribe(recording(language="en", prompt="Bob"))
    assert (end.text, end.usage) == ("Hi.", MediaUsage(audio_seconds=1.5))
    sent: bytes = scripted.bodies[0]
    assert b'filename="audio.wav"' in sent
    assert a_wav() in sent
    for name, value in (
        ("model", "gpt-4o-transcribe"),
        ("language", "en"),
        ("prompt", "Bob"),
        ("response_format", "json"),
    ):
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in sent


def answering(body: Any, **changes: Any) -> Script:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Script([raw], headers=JSON, **changes)


def a_vector(*numbers: Any) -> dict[str, Any]:
    return {"data": [{"index": 0, "embedding": list(numbers)}]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>", errors.Malformed),
        (b"[]", errors.Malformed),
        (b"[" * 50_000, errors.Malformed),
        (b'{"data": [{"index": 0, "embedding": [NaN]}]}', errors.Malformed),
        ({}, errors.Malformed),
        ({"data": []}, errors.Malformed),
        (a_vector(), errors.Malformed),
        (a_vector(1, "2"), errors.Malformed),
        (a_vector(1e60), errors.Malformed),
        (a_vector(1, 2, 3), errors.UselessAnswer),
        ({"data": [{"index": 0, "embedding": "AAAA"}]}, errors.Malformed),
        ({"data": [{"index": 0, "embedding": "no base64!"}]}, errors.Malformed),
        (
            {"data": [{"index": 0, "embedding": b64encode(struct.pack("<2f", 1, float("nan"))).decode()}]},
            errors.Malformed,
        ),
        ({"data": [{"index": 1, "embedding": [1, 2]}]}, errors.Malformed),
        ({"data": [{"index": 0, "embedding": [1, 2]}, {"index": 0, "embedding": [1, 2]}]}, errors.Malformed),
        (b'{"data": "' + bytes(100_000) + b'"}', errors.AnswerTooLarge),
    ],
)
async def test_an_answer_without_vectors_fails(
    provider: ChatCompletionsMedia, scripted: Scripted, body: Any, kind: type[errors.ProviderError]
) -> None:
    scripted.script = answering(body)
    await _fails(provider.embed(embedding("a", dimensions=2)), kind, billed=True)
    assert len(scripted.bodies) == 1


@pytest.mark.parametrize(
    "data",
    [
        [{"url": "https://elsewhere.example/image.png"}],
        [{"b64_json": ""}],
        [{"b64_json": "%%%"}],
        [{"b64_json": b64encode(b"<svg/>").decode()}],
        [{"b64_json": PNG}, {"b64_json": PNG}],
    ],
)
async def test_an_answer_without_images_fails(provider: ChatCompletionsMedia, scripted: Scripted, data: Any) -> None:
    scripted.script = answering({"data": data})
    await _fails(provider.generate_images(image()), errors.Malformed, billed=True)


async def test_a_paid_answer_without_images_is_not_retried(provider: ChatCompletionsMedia, scripted: Scripted) -> None:
    scripted.script = answering({"data": []})
    await _fails(provider.generate_images(image()), errors.UselessAnswer, billed=True)
    assert not errors.UselessAnswer.retryable


async def test_fewer_images_than_requested_are_kept(provider: ChatCompletionsMedia, scripted: Scripted) -> None:
    scripted.script = answering({"data": [{"b64_json": PNG}]})
    assert len((await provider.generate_images(replace(image(), n=2))).images) == 1


@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateway_that_gives_up_may_leave_a_bill(
    provider: ChatCompletionsMedia, scripted: Scripted, status: int
) -> None:
    scripted.script = Script([b"{}"], status, {"content-type": "application/json"})
    await _fails(provider.generate_images(image()), errors.Overloaded, billed=True)


async def test_a_broken_image_request_may_be_billed(provider: ChatCompletionsMedia, scripted: Scripted) -> None:
    scripted.script = Script([], head_at_once=False, end=False)
    await _fails(provider.generate_images(image()), errors.Overloaded, billed=True)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"text": "Half \ud83d an emoji."}, "Half  an emoji."),
        ({"text": "All \ud83d\ude00 of it.\0"}, "All \U0001f600 of it."),
        ({"text": "Sure.", "avg_logprob": float("nan"), "usage": {"seconds": float("nan")}}, "Sure."),
        ({"text": ""}, ""),
    ],
)
async def test_unstorable_characters_leave_a_transcription(
    provider: ChatCompletionsMedia, scripted: Scripted, body: Any, text: str
) -> None:
    scripted.script = answering(body)
    end = await provider.transcribe(recording())
    assert (end.text, end.usage) == (text, None)


@pytest.mark.parametrize("body", [{}, {"text": None}, {"text": 3}])
async def test_an_answer_without_text_is_no_transcription(
    provider: ChatCompletionsMedia, scripted: Scripted, body: Any
) -> None:
    scripted.script = answering(body)
    await _fails(provider.transcribe(recording()), errors.Malformed, billed=True)


@pytest.mark.parametrize(
    ("script", "kind", "billed"),
    [
        (Script([b'{"data": ['], headers=JSON, end=False), errors.Truncated, True),
        (Script([b"{}"], status=500, headers=JSON), errors.InternalFailure, False),
        (Script([b"{}"], status=503, headers=JSON), errors.Overloaded, False),
        (Script([b"{}"], status=404, headers=JSON), errors.UnknownModel, False),
        (Script([b"{}"], status=302, headers=JSON | {"location": "http://127.0.0.1:9/"}), errors.BadRequest, False),
        (
            Script([b'{"error": {"message": "You sent %s", "code": "x"}}' % KEY.encode()], status=400, headers=JSON),
            errors.BadRequest,
            False,
        ),
        (Script([b"{}"], status=401, headers=JSON), errors.WrongKey, False),
        (Script([b"{}"], status=429, headers=JSON | {"retry-after": "7"}), errors.RateLimited, False),
    ],
)
async def test_each_fault_is_sorted_and_asked_once(
    provider: ChatCompletionsMedia, scripted: Scripted, script: Script, kind: type[errors.ProviderError], billed: bool
) -> None:
    scripted.script = script
    error = await _fails(provider.generate_images(image()), kind, billed=billed)
    assert KEY not in error.message
    assert len(scripted.bodies) == 1
    if kind is errors.RateLimited:
        assert error.retry_after_s == 7


async def test_silence_within_an_answer_is_a_stall(scripted: Scripted) -> None:
    scripted.script = Script([b'{"data": [', FOREVER], headers=JSON)
    provider = provider_at(scripted.url, limits=limits(stall_s=0.3))
    await _fails(provider.generate_images(image()), errors.Stalled, billed=True)
    await provider.close()


async def _fails(call: Awaitable[Any], kind: type[errors.ProviderError], *, billed: bool) -> errors.ProviderError:
    with pytest.raises(errors.ProviderError) as caught:
        await call
    assert type(caught.value) is kind, caught.value
    assert caught.value.may_be_billed is billed
    return caught.value
