"""The worst-case cost of an embedding, image or transcription, and the charge if the provider reports no usage."""

import pytest

from activities.calls.media_requests import AUDIO_TOKENS_PER_S, IMAGE_TOKENS, MediaRequest, charged, estimate_of
from chimera.pricing import MediaPrice, MediaRate, media_cost_of
from models.ai_calls import MediaUsage, Operation

EMBEDDINGS, IMAGES, TRANSCRIPTIONS = Operation


def price_with(**rates: int) -> MediaPrice:
    return MediaPrice((MediaRate(**rates),), "test", "")


def an_image(n: int = 2) -> MediaRequest:
    return MediaRequest("c", IMAGES, "m", {"prompt": "abc", "n": n})


def a_recording(seconds: float = 60) -> MediaRequest:
    return MediaRequest("c", TRANSCRIPTIONS, "m", {"file_id": "f", "audio_seconds": seconds})


def test_an_estimate_leans_high() -> None:
    assert estimate_of(MediaRequest("c", EMBEDDINGS, "m", {"input": ["abc", "abcdef"]})).input_tokens == 3
    assert estimate_of(an_image()).output_image_tokens == 2 * IMAGE_TOKENS
    heard = estimate_of(a_recording())
    assert (heard.audio_seconds, heard.input_audio_tokens) == (60, 60 * AUDIO_TOKENS_PER_S)


def test_an_unmeasured_recording_is_estimated_by_size() -> None:
    asked = MediaRequest("c", TRANSCRIPTIONS, "m", {"file_id": "f"}, size_bytes=4_000)
    assert estimate_of(asked).audio_seconds == 2


@pytest.mark.parametrize(
    ("reported", "rates", "cost", "estimated"),
    [
        (MediaUsage(audio_seconds=30), {"audio_hour": 360_000}, 3_000, False),
        # The usage is reported in a different unit than the price: it is never free.
        (MediaUsage(input_tokens=600, output_tokens=5), {"audio_hour": 360_000}, 6_000, True),
        (MediaUsage(audio_seconds=30), {"input": 1_000_000, "output": 1_000_000}, 60 * 36, True),
        (None, {"audio_hour": 360_000}, 6_000, True),
        (MediaUsage(input_tokens=600, output_tokens=5), {"input": 1_000_000, "output": 1_000_000}, 605, False),
    ],
)
def test_a_recording_is_charged_in_its_prices_unit(
    reported: MediaUsage | None, rates: dict[str, int], cost: int, estimated: bool
) -> None:
    price = price_with(**rates)
    usage, is_estimate = charged(reported, estimate_of(a_recording()), price)
    assert (media_cost_of(usage, price), is_estimate) == (cost, estimated)


@pytest.mark.parametrize(
    "reported",
    [
        MediaUsage(input_tokens=10**30, output_tokens=1),
        MediaUsage(input_tokens=10, output_tokens=-1),
        # Google's way of counting, without a separate count of image tokens.
        MediaUsage(input_tokens=10, output_tokens=5, output_image_tokens=-5),
        MediaUsage(input_tokens=10, audio_seconds=1e308),
        MediaUsage(input_tokens=10, audio_seconds=float("inf")),
        MediaUsage(input_tokens=10, audio_seconds=float("nan")),
        MediaUsage(input_tokens=10, audio_seconds=-1),
    ],
)
def test_nonsensical_counts_are_ignored(reported: MediaUsage) -> None:
    price = price_with(input=1_000_000, output=1_000_000)
    estimate = estimate_of(a_recording())
    assert charged(reported, estimate, price) == (estimate, True)


@pytest.mark.parametrize(
    ("reported", "rates", "cost", "estimated"),
    [
        (None, {"image": 10_000}, 20_000, False),
        (MediaUsage(output_tokens=1_000), {"image": 10_000}, 20_000, False),
        (None, {"input": 0, "output": 1_000_000}, 2 * IMAGE_TOKENS, True),
        (MediaUsage(output_tokens=1_000), {"input": 0, "output": 1_000_000}, 1_000, False),
    ],
)
def test_images_are_counted_by_chimera(
    reported: MediaUsage | None, rates: dict[str, int], cost: int, estimated: bool
) -> None:
    price = price_with(**rates)
    usage, is_estimate = charged(reported, estimate_of(an_image()), price)
    assert (media_cost_of(usage, price), is_estimate) == (cost, estimated)
    assert usage.images == 2


def test_missing_images_are_not_charged() -> None:
    price = price_with(input=0, output=1_000_000, image=10_000)
    usage, is_estimate = charged(MediaUsage(images=1), estimate_of(an_image(n=4)), price)
    assert (usage.images, media_cost_of(usage, price), is_estimate) == (1, 10_000 + IMAGE_TOKENS, True)
