"""The printed list of models."""

import pytest
from rich.console import Console
from rich.table import Table

from cli.errors import NotSetUp, NotThere
from cli.models import check_usable, lines_below, media_table_of, table_of
from models.ai_calls import Operation
from models.providers import MediaModelView, ModelView, PriceView, ProviderView

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
    return rendered(table_of(models))


def rendered(table: Table) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_a_model_is_listed_with_price_and_window() -> None:
    text = printed(a_model())
    assert all(part in text for part in ("openai/gpt-5", "$1.25", "$10", "400,000", "tools, reasoning"))


def test_an_unusable_model_shows_why() -> None:
    text = printed(a_model(usable=False, price=None, advice="The price is unknown. Set CHIMERA_PRICES."))
    assert "The price is unknown" in text
    assert "?" in text


def test_omissions_are_reported() -> None:
    assert lines_below(2, {"local": "Nobody answers."}, {"openai": "No key."}, every=False) == [
        "local: Nobody answers.",
        "2 more models can't be used yet. To see why, run: chimera models --all",
        "These providers are not set up: openai. To see which settings are missing, run: chimera models --all",
    ]
    assert lines_below(2, {}, {"openai": "No key."}, every=True) == ["openai: No key."]


def test_models_for_something_else_are_listed_with_their_command() -> None:
    model = MediaModelView(
        model="simulator/embedding", provider="simulator", simulated=True, operation=Operation.EMBEDDINGS
    )
    table = rendered(media_table_of([model]))
    assert "simulated; embeddings, with chimera embed --model …" in table
    assert table.count("simulator/embedding") == 1


def test_an_unknown_provider_lists_the_known_ones() -> None:
    known = [
        ProviderView(name="openai", configured=False, simulated=False, advice="No key; set it."),
        ProviderView(name="simulator", configured=True, simulated=True),
    ]
    check_usable("simulator", known)
    with pytest.raises(NotThere, match=r"Unknown provider 'nope'\. Use one of these providers: openai, simulator"):
        check_usable("nope", known)
    with pytest.raises(NotSetUp, match="No key; set it"):
        check_usable("openai", known)


@pytest.mark.parametrize("width", [60, 80])
def test_a_models_name_is_printed_whole(width: int) -> None:
    name = "local/Llama 3  8B (Q4_K_M) " + "x" * 150
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table_of([a_model(model=name)]))
        console.print(
            media_table_of([MediaModelView(model=name, provider="local", simulated=False, operation=Operation.IMAGES)])
        )
    assert capture.get().count("x" * 9) >= 2
    assert sum(line.count("x") for line in capture.get().splitlines()) >= 2 * 150
