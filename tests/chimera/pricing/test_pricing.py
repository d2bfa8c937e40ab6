"""The cost of a model call."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chimera.config.settings import Settings
from chimera.pricing import Price, Rate, Window, abilities_of, cost_of, price_of, window_of
from models.errors import UnknownPrice
from models.providers import OwnRates
from models.usage import Usage

PRICE = Price(
    rates=(
        Rate(input=4_000_000, cached_input=400_000, output=20_000_000),
        Rate(input=8_000_000, cached_input=800_000, output=30_000_000, above_input_tokens=272_000),
    ),
    source="test",
    as_of="2026-11-01",
)


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (Usage(), 0),
        (Usage(input_tokens=1_000_000 // 4), 1_000_000),
        (Usage(input_tokens=10, cached_input_tokens=10), 4),
        (Usage(input_tokens=1000, cached_input_tokens=400, output_tokens=10), 2400 + 160 + 200),
        (Usage(input_tokens=272_000), 1_088_000),
        (Usage(input_tokens=272_001), 2_176_008),
        (Usage(input_tokens=1, cached_input_tokens=9), 1),
    ],
)
def test_a_call_is_priced_exactly(usage: Usage, micro_usd: int) -> None:
    assert cost_of(usage, PRICE) == micro_usd


def test_a_fraction_is_rounded_up() -> None:
    cheap = Price((Rate(input=1, cached_input=1, output=1),), "test", "")
    assert cost_of(Usage(input_tokens=1), cheap) == 1


@pytest.mark.parametrize(
    ("cache_write", "usage", "micro_usd"),
    [
        (5_000_000, Usage(input_tokens=10, cache_write_tokens=10), 50),
        (5_000_000, Usage(input_tokens=10, cached_input_tokens=5, cache_write_tokens=3), 2 * 4 + 5 * 1 + 3 * 5),
        (5_000_000, Usage(input_tokens=10, cached_input_tokens=8, cache_write_tokens=9), 8 * 1 + 2 * 5),
        (None, Usage(input_tokens=10, cache_write_tokens=10), 40),
    ],
)
def test_cache_writes_have_their_own_rate(cache_write: int | None, usage: Usage, micro_usd: int) -> None:
    rate = Rate(input=4_000_000, cached_input=1_000_000, output=20_000_000, cache_write=cache_write)
    assert cost_of(usage, Price((rate,), "test", "")) == micro_usd


def test_cache_write_rates_are_listed() -> None:
    (rate,) = price_of("anthropic/claude-opus-4-5").rates
    assert rate == Rate(input=5_000_000, cached_input=500_000, output=25_000_000, cache_write=6_250_000)
    assert all(rate.cache_write for rate in price_of("anthropic/claude-sonnet-4-5").rates)


def test_a_vendors_price_names_its_source() -> None:
    price = price_of("openai/gpt-4o-mini")
    assert price.rates == (Rate(input=150_000, cached_input=75_000, output=600_000),)
    assert "genai-prices" in price.source
    assert price.as_of


def test_long_prompts_have_a_rate_of_their_own() -> None:
    price = price_of("openai/gpt-5.6")
    assert [rate.above_input_tokens for rate in price.rates] == sorted({r.above_input_tokens for r in price.rates})
    assert price.rates[-1].input > price.rates[0].input


def test_an_override_wins_also_where_it_is_zero() -> None:
    own = {"openai/gpt-4o-mini": OwnRates(input=0, output=0.0375)}
    assert price_of("openai/gpt-4o-mini", own).rates == (Rate(0, 0, 37_500),)


def test_your_own_machine_costs_nothing() -> None:
    assert cost_of(Usage(input_tokens=10**6), price_of("local/gemma")) == 0


@pytest.mark.parametrize("model_ref", ["openai/gpt-0", "nobody/x"])
def test_an_unknown_price_is_refused(model_ref: str) -> None:
    with pytest.raises(UnknownPrice, match="CHIMERA_PRICES"):
        price_of(model_ref)


def test_the_simulator_names_the_models_that_it_has() -> None:
    with pytest.raises(UnknownPrice, match="one of simulator/standard, simulator/fast, simulator/slow"):
        price_of("simulator/turbo")


def test_windows_are_known_overridden_or_assumed_small() -> None:
    assert window_of("openai/gpt-4.1").context_tokens == 1_000_000
    assert window_of("local/gemma") == Window(8_192, 2_048)
    assert window_of("local/gemma", {"local/gemma": 32_768}) == Window(32_768, 8_192)
    assert window_of("simulator/fast").context_tokens == 128_000


def test_a_model_is_capped_at_its_listed_output() -> None:
    assert window_of("openai/gpt-4-turbo").max_output_tokens == 4_096
    assert window_of("anthropic/claude-haiku-4-5-20251001").max_output_tokens == 64_000


def test_a_prompt_may_have_a_limit_of_its_own() -> None:
    window = window_of("openai/gpt-5")
    assert (window.context_tokens, window.room_for(8_000)) == (400_000, 272_000)
    assert Window(8_192, 2_048).room_for(2_000) == 6_192


@pytest.mark.parametrize(
    ("model_ref", "abilities"),
    [
        ("openai/gpt-4.1", ("tools", "structured_output", "image_input")),
        ("openai/gpt-5-2025-08-07", ("tools", "structured_output", "image_input", "reasoning")),
        ("openai/gpt-3.5-turbo", ()),
        ("simulator/fast", ("tools", "structured_output", "image_input")),
        ("local/gemma", None),
        ("openai/gpt-0", None),
    ],
)
def test_model_abilities_are_listed_or_unknown(model_ref: str, abilities: tuple[str, ...] | None) -> None:
    assert abilities_of(model_ref) == abilities


CATALOG = """{
  "openai/gpt-4.1": {"price": {"input": 1, "cached_input": 0.1, "output": 2}, "source": "our contract",
                     "as_of": "2026-11-01"},
  "local/qwen3": {"context_tokens": 32768, "max_output_tokens": 4096, "abilities": ["tools", "image_input"]}
}"""


def settings_with(catalog: str, tmp_path: Path, **changes: Any) -> Settings:
    file = tmp_path / "models.json"
    file.write_text(catalog)
    return Settings(catalog_file=file, **changes)


def test_the_catalog_file_overrides_lists(tmp_path: Path) -> None:
    settings = settings_with(CATALOG, tmp_path)
    price = price_of("openai/gpt-4.1", settings.own_prices)
    assert (price.source, price.as_of) == ("our contract", "2026-11-01")
    assert cost_of(Usage(input_tokens=10, cached_input_tokens=10), price) == 1
    assert price_of("local/qwen3", settings.own_prices).source == "your own machine"
    assert window_of("local/qwen3", settings.own_windows) == Window(32_768, 4_096)
    assert window_of("openai/gpt-4.1", settings.own_windows) == window_of("openai/gpt-4.1")
    assert abilities_of("local/qwen3", settings.own_models) == ("tools", "image_input")


def test_a_setting_overrides_the_file(tmp_path: Path) -> None:
    settings = settings_with(
        CATALOG, tmp_path, prices={"openai/gpt-4.1": [5, 6]}, context_windows={"local/qwen3": 8192}
    )
    assert price_of("openai/gpt-4.1", settings.own_prices).source == "CHIMERA_PRICES"
    assert window_of("local/qwen3", settings.own_windows).context_tokens == 8_192


@pytest.mark.parametrize(
    ("catalog", "expected"),
    [
        ("[", "is not valid JSON: line 1, column 1: The file ends before the JSON value is complete"),
        ('{"local/qwen3": {},}', "is not valid JSON: line 1, column 20: A value is missing after the comma"),
        ('{"qwen3": {}}', "Use the form provider/model"),
        ('{"local/qwen3": {"context_tokens": "many"}}', "local/qwen3.context_tokens: Send a whole number"),
        ('{"local/qwen3": {"abilities": ["sings"]}}', "local/qwen3.abilities.0: Use one of"),
        ('{"local/qwen3": {"size": 3}}', "local/qwen3.size: Unknown field"),
        ('{"local/qwen3": {"price": {"inputs": 1}}}', "local/qwen3.price.inputs: Unknown field"),
        ('{"local/qwen3": {"price": {"output": -1}}}', "local/qwen3.price.output: The value must be 0"),
        ('{"local/qwen3": {"price": [1, NaN]}}', "local/qwen3.price.output: Use a finite number."),
        ('{"local/qwen3": {"price": [1e400, 1]}}', "local/qwen3.price.input: Use a finite number."),
        ('{"local/qwen3": {"price": [1e30, 1]}}', "local/qwen3.price.input: The value must be 1000000"),
        ('{"local/qwen3": {"price": ["1", 1]}}', "local/qwen3.price.input: Send a number"),
        (
            '{"local/qwen3": {"price": [1e-9, 1]}}',
            "local/qwen3.price.input: The price is less than a millionth of a dollar",
        ),
        ('{"local/qwen3": {"price": [1]}}', "local/qwen3.price: Specify the input and output prices in dollars"),
    ],
)
def test_an_unusable_file_is_refused_with_the_place(catalog: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="CHIMERA_CATALOG_FILE") as raised:
        settings_with(catalog, tmp_path)
    assert expected in str(raised.value)


def test_files_of_other_editors_are_read_or_explained(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"local/Llama 3 8B": {"price": [0.000001, 1]}}', encoding="utf-8-sig")
    settings = Settings(catalog_file=file)
    assert price_of("local/Llama 3 8B", settings.own_prices).rates[0].input == 1
    other = tmp_path / "other-models.json"
    other.write_text("{}", encoding="utf-16")
    with pytest.raises(ValidationError, match=r"models\.json' is UTF-16. Save the file as UTF-8\."):
        Settings(catalog_file=other)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"CHIMERA_CATALOG_FILE: .*none.json' can't be read"):
        Settings(catalog_file=tmp_path / "none.json")
