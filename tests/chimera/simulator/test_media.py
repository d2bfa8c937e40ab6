"""The simulator embeds, generates images and transcribes: always the same, and labeled."""

import asyncio
import zlib
from collections.abc import AsyncIterator

import httpx2
import pytest

from chimera.providers.chat_completions.media import ChatCompletionsMedia
from chimera.providers.media import EmbeddingRequest, ImageRequest, TranscriptionRequest
from chimera.simulator import media
from chimera.simulator.app import create_app
from chimera.simulator.images import png_of
from chimera.simulator.journal import Journal
from models import errors
from tests.chimera.provider_limits import limits
from tests.media import a_wav
from tests.parts import serving
from tests.until import LIMIT_S, until


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal()


@pytest.fixture(scope="module")
async def url(journal: Journal) -> AsyncIterator[str]:
    async with serving(create_app(journal)) as url:
        yield url


def provider_at(url: str, total_s: float = 60) -> ChatCompletionsMedia:
    return ChatCompletionsMedia(
        name="simulator",
        base_url=f"{url}/v1",
        api_key="simulated",
        limits=limits(total_s=total_s, max_media_bytes=1_000_000),
        simulated=True,
        trust_env=False,
    )


@pytest.fixture(scope="module")
async def provider(url: str) -> AsyncIterator[ChatCompletionsMedia]:
    provider = provider_at(url)
    yield provider
    await provider.close()


def image(prompt: str = "a cat", n: int = 1, size: str | None = None, call_id: str = "image") -> ImageRequest:
    return ImageRequest("image", prompt, n, size, call_id, 1)


async def test_the_same_request_has_the_same_answer(provider: ChatCompletionsMedia) -> None:
    first, second = [await provider.generate_images(image(n=2)) for _ in range(2)]
    assert first.images == second.images
    assert first.images[0] != first.images[1]
    request = EmbeddingRequest("embedding", ("tea", "coffee"), 7, "embedding", 1)
    assert (await provider.embed(request)).vectors == (await provider.embed(request)).vectors


@pytest.mark.parametrize(("width", "height"), [(512, 512), (64, 32), (10, 2048), (1, 1)])
def test_a_simulated_image_is_valid_and_labelled(width: int, height: int) -> None:
    data = png_of("x", width, height)
    assert b"Simulated: " in data
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4])
    assert len(zlib.decompress(data[start : start + length])) == (width + 1) * height


def test_the_word_is_written_across_it() -> None:
    data = png_of("x", 560, 280)
    start = data.index(b"IDAT") + 4
    pixels = zlib.decompress(data[start : start + int.from_bytes(data[start - 8 : start - 4])])
    middle = pixels[140 * 561 + 1 : 141 * 561]
    assert 100 < middle.count(8) < 400
    assert 8 not in pixels[: 560 * 20]


async def test_long_texts_cost_little_time(provider: ChatCompletionsMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """If every word affected every number, this would take half a minute."""
    signs_of, numbers = media._signs_of, 0

    def counting(word: str, dimensions: int) -> list[tuple[int, int]]:
        nonlocal numbers
        signs = signs_of(word, dimensions)
        numbers += len(signs)
        return signs

    monkeypatch.setattr(media, "_signs_of", counting)
    text = " ".join(map(str, range(17_000)))
    end = await provider.embed(EmbeddingRequest("embedding", (text,) * 5, 4096, "long", 1))
    assert end.vectors.count == 5
    assert 0 < numbers <= 5 * media.MAX_WORDS * media.WORD_NUMBERS


async def test_texts_with_the_same_words_lie_together(provider: ChatCompletionsMedia) -> None:
    texts = ("red apple", "Apple, red!", "stock exchange")
    end = await provider.embed(EmbeddingRequest("embedding", texts, None, "near", 1))
    one, same, other = end.vectors.floats()
    assert one == same
    assert abs(sum(a * b for a, b in zip(one, other, strict=True))) < 0.3


async def test_a_simulated_transcription_is_labelled(provider: ChatCompletionsMedia) -> None:
    request = TranscriptionRequest("transcription", a_wav(1.5), "audio/wav", "en", None, "audio", 1)
    end = await provider.transcribe(request)
    assert end.text.startswith("[simulated] No model processed this recording (1.5 s, 24044 bytes, SHA-256 ")
    assert end.usage is not None
    assert end.usage.audio_seconds == 1.5


@pytest.mark.parametrize(
    ("directive", "kind"),
    [
        ("cut=after:1", errors.Truncated),
        ("html=1", errors.Malformed),
        ("garbage=1", errors.Malformed),
        ("status=429; retry_after=3", errors.RateLimited),
        ("staus=429", errors.BadRequest),
    ],
)
async def test_a_directive_selects_the_fault(
    provider: ChatCompletionsMedia, directive: str, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await provider.generate_images(image(f"[[sim: {directive}]]"))
    assert type(caught.value) is kind


async def test_an_answer_that_never_comes_is_given_up(url: str) -> None:
    provider = provider_at(url, total_s=0.5)
    with pytest.raises(errors.ProviderTimeout):
        await provider.generate_images(image("[[sim: hang=1]]"))
    await provider.close()


async def test_a_fault_may_be_meant_for_the_first_arrival(provider: ChatCompletionsMedia, journal: Journal) -> None:
    request = image("x [[sim: status=503; times=1]]", call_id="once")
    with pytest.raises(errors.Overloaded):
        await provider.generate_images(request)
    assert len((await provider.generate_images(request)).images) == 1
    assert journal.counts("once")["calls"] == {"once": {"arrivals": 2, "finished": 2, "cut": 0}}


async def test_a_cancel_closes_the_connection(provider: ChatCompletionsMedia, journal: Journal) -> None:
    def counted() -> dict[str, int]:
        calls = journal.counts("cancelled")["calls"]
        assert isinstance(calls, dict)
        return dict(calls["cancelled"])

    generation = asyncio.create_task(provider.generate_images(image("[[sim: hang=1]]", call_id="cancelled")))
    await until(lambda: counted()["arrivals"] == 1)
    generation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await generation
    await until(lambda: counted()["cut"] == 1)
    assert counted() == {"arrivals": 1, "finished": 0, "cut": 1}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("embeddings", {"model": "embedding"}, 400),
        ("embeddings", {"model": "embedding", "input": []}, 400),
        ("embeddings", {"model": "embedding", "input": "x", "dimensions": 9999}, 400),
        ("embeddings", {"model": "standard", "input": "x"}, 404),
        ("images/generations", {"model": "image"}, 400),
        ("images/generations", {"model": "image", "prompt": "x", "size": "9999x1"}, 400),
        ("images/generations", {"model": "image", "prompt": "x", "n": 11}, 400),
        ("audio/transcriptions", {"model": "transcription"}, 400),
    ],
)
async def test_malformed_media_requests_are_refused(url: str, path: str, body: dict[str, object], status: int) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        answer = await client.post(f"{url}/v1/{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["X-Chimera-Simulated"] == "true"
