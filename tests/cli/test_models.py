"""How the models are listed."""

import pytest
from rich.console import Console

from cli.actions.models import check_known, lines_below, table_of
from cli.errors import NotThere
from models.providers import ModelView, PriceView, ProviderView

PRICE = PriceView(
    input=1_250_000, cached_input=125_000, cache_write=0, output=10_000_000, source="a list", as_of="2026-11-01"
)


def a_model(**changes: object) -> ModelView:
    values = {
        "model": "openai/gpt-5",
        "provider": "openai",
        "simulated": False,
        "usable": True,
        "context_tokens": 400_000,
        "max_output_tokens": 128_000,
        "abilities": ("tools", "reasoning"),
        "price": PRICE,
    }
    return ModelView.model_validate(values | changes)


def printed(*models: ModelView) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(table_of(models))
    return capture.get()


def test_a_model_is_listed_with_its_price_and_its_window() -> None:
    text = printed(a_model())
    assert all(part in text for part in ("openai/gpt-5", "$1.25", "$10", "400,000", "tools, reasoning"))


def test_a_model_that_cannot_be_used_says_why() -> None:
    text = printed(a_model(usable=False, price=None, way_out="No price is known; set CHIMERA_PRICES."))
    assert "No price is known" in text
    assert "?" in text


def test_what_is_left_out_is_said() -> None:
    assert lines_below(2, {"local": "Nobody answers."}, every=False) == [
        "local: Nobody answers.",
        "2 models more can't be used yet; --all says why.",
    ]
    assert lines_below(2, {}, every=True) == []


def test_a_provider_that_is_not_known_is_said_with_those_that_are() -> None:
    known = [ProviderView(name=name, configured=False, simulated=False) for name in ("openai", "simulator")]
    check_known("openai", known)
    with pytest.raises(NotThere, match="No provider 'nope'; use one of openai, simulator"):
        check_known("nope", known)
