"""The cost of embeddings, images and transcriptions."""

import pytest

from chimera.pricing import MediaPrice, MediaRate, media_cost_of, media_price_of, price_of
from models.ai_calls import MediaUsage, Operation
from models.errors import UnknownPrice, WrongKindOfModel
from models.providers import OwnRates

EMBEDDINGS, IMAGES, TRANSCRIPTIONS = Operation


def price_with(**rates: int) -> MediaPrice:
    return MediaPrice((MediaRate(**rates),), "test", "")


@pytest.mark.parametrize(
    ("usage", "rates", "micro_usd"),
    [
        (MediaUsage(input_tokens=1_000), {"input": 20_000}, 20),
        (MediaUsage(input_tokens=1), {"input": 20_000}, 1),
        (MediaUsage(input_tokens=12, output_tokens=1056), {"input": 5_000_000, "output": 30_000_000}, 60 + 31_680),
        (
            MediaUsage(input_tokens=12, output_tokens=1060, output_image_tokens=1056),
            {"input": 5_000_000, "output": 10_000_000, "output_image": 32_000_000},
            60 + 40 + 33_792,
        ),
        (
            MediaUsage(input_tokens=90, input_audio_tokens=32, output_tokens=4),
            {"input": 300_000, "input_audio": 1_000_000, "output": 2_500_000},
            60,
        ),
        (MediaUsage(input_tokens=20, input_image_tokens=10), {"input": 1_000_000, "input_image": 2_000_000}, 30),
        (MediaUsage(images=3), {"image": 40_000}, 120_000),
        (MediaUsage(audio_seconds=90), {"audio_hour": 360_000}, 9_000),
        (MediaUsage(audio_seconds=0.001), {"audio_hour": 360_000}, 1),
        # More audio tokens than tokens in total: a provider's wrong count never lowers a bill below the plain rate.
        (MediaUsage(input_tokens=10, input_audio_tokens=99), {"input": 1_000_000}, 10),
        (MediaUsage(), {"input": 5}, 0),
    ],
)
def test_a_call_is_priced_exactly(usage: MediaUsage, rates: dict[str, int], micro_usd: int) -> None:
    assert media_cost_of(usage, price_with(**rates)) == micro_usd


@pytest.mark.parametrize(
    ("model", "operation", "rate"),
    [
        ("openai/text-embedding-3-small", EMBEDDINGS, MediaRate(input=20_000)),
        ("google/gemini-embedding-001", EMBEDDINGS, MediaRate(input=150_000)),
        ("openai/whisper-1", TRANSCRIPTIONS, MediaRate(audio_hour=360_000)),
        (
            "openai/gpt-4o-transcribe",
            TRANSCRIPTIONS,
            MediaRate(input=2_500_000, input_audio=6_000_000, output=10_000_000),
        ),
        ("google/gemini-2.5-flash-image", IMAGES, MediaRate(input=300_000, output=2_500_000, output_image=30_000_000)),
        ("simulator/image", IMAGES, MediaRate(image=10_000)),
    ],
)
def test_prices_are_listed_with_their_source(model: str, operation: Operation, rate: MediaRate) -> None:
    price = media_price_of(model, operation)
    assert price.rates[0] == rate
    assert price.source
    assert price.as_of


def test_a_long_recording_has_long_prompt_rates() -> None:
    price = media_price_of("google/gemini-2.5-pro", TRANSCRIPTIONS)
    short, long = MediaUsage(input_tokens=200_000), MediaUsage(input_tokens=200_001)
    assert media_cost_of(long, price) > 1.9 * media_cost_of(short, price)


@pytest.mark.parametrize(
    ("model", "operation"),
    [
        ("openai/text-embedding-3-small", IMAGES),
        ("openai/text-embedding-3-small", TRANSCRIPTIONS),
        ("openai/whisper-1", EMBEDDINGS),
        ("openai/whisper-1", IMAGES),
        ("simulator/image", EMBEDDINGS),
        ("simulator/standard", TRANSCRIPTIONS),
    ],
)
def test_a_model_of_another_kind_gets_a_suggestion(model: str, operation: Operation) -> None:
    example = f"as simulator/{operation.removesuffix('s')}\\."
    with pytest.raises(
        WrongKindOfModel, match=f"'{model}' can't be used for {operation}. Use a model for {operation}, such {example}"
    ):
        media_price_of(model, operation)


@pytest.mark.parametrize(
    "model", ["simulator/embedding", "simulator/image", "openai/text-embedding-3-small", "openai/whisper-1"]
)
def test_a_task_needs_a_chat_model(model: str) -> None:
    with pytest.raises(WrongKindOfModel, match=f"'{model}' can't be used for tasks. .* simulator/standard"):
        price_of(model)


@pytest.mark.parametrize("model", ["openai/gpt-0", "nobody/x"])
def test_models_without_a_price_are_refused(model: str) -> None:
    for operation in Operation:
        with pytest.raises(UnknownPrice, match="CHIMERA_PRICES"):
            media_price_of(model, operation)


def test_own_prices_override_lists() -> None:
    own = {
        "openai/new": OwnRates(image=0.04),
        "openai/gpt-image-2": OwnRates(input=1.0, output=2.0),
        "local/x": OwnRates(audio_hour=0.2),
    }
    assert media_price_of("openai/new", IMAGES, own).rates == (MediaRate(image=40_000),)
    assert media_price_of("openai/gpt-image-2", IMAGES, own).rates == (MediaRate(input=1_000_000, output=2_000_000),)
    assert media_price_of("local/x", TRANSCRIPTIONS, own).source == "CHIMERA_PRICES"
    with pytest.raises(UnknownPrice):
        media_price_of("openai/new", EMBEDDINGS, own)
    with pytest.raises(UnknownPrice):
        price_of("openai/new", own)


def test_your_own_machine_costs_nothing() -> None:
    for operation in Operation:
        price = media_price_of("local/anything", operation)
        assert media_cost_of(MediaUsage(input_tokens=10, images=2, audio_seconds=60), price) == 0


def test_the_simulator_names_the_model_that_it_has() -> None:
    with pytest.raises(UnknownPrice, match=r"doesn't offer the model 'simulator/nothing'\. Use one of simulator/image"):
        media_price_of("simulator/nothing", IMAGES)
