"""Show what this installation can be asked for."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.connect import connected
from cli.errors import NotThere
from cli.settings import where_settings
from cli.text import count, one_line
from models.providers import ModelsView, ModelView, ProviderView

MICRO_USD = 1_000_000


async def list_models(provider: str | None, *, every: bool, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        if provider is not None:
            check_known(provider, await client.providers())
        found = await client.models()
    models = [model for model in found.models if provider in (None, model.provider)]
    unreachable = {name: why for name, why in found.unreachable.items() if provider in (None, name)}
    if as_json:
        print(ModelsView(models=tuple(models), unreachable=unreachable).model_dump_json(indent=2))
        return 0
    console = Console(highlight=False)
    usable = [model for model in models if model.usable]
    console.print(table_of(models if every else usable))
    for line in lines_below(len(models) - len(usable), unreachable, every=every):
        console.print(Text(one_line(line, 500), style="dim"), soft_wrap=True)
    return 0


def check_known(name: str, providers: Sequence[ProviderView]) -> None:
    """Raise NotThere, naming those that there are, for a provider that Chimera doesn't know."""
    known = [provider.name for provider in providers]
    if name not in known:
        raise NotThere(f"No provider {one_line(name, 60)!r}; use one of {', '.join(known)}.")


def table_of(models: Sequence[ModelView]) -> Table:
    """A line a model; prices are USD per million tokens."""
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Model", no_wrap=True)
    for heading in ("Input", "Output", "Window"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("What it can do", ratio=1)
    for model in models:
        price = (_usd(model.price.input), _usd(model.price.output)) if model.price else ("?", "?")
        can = ", ".join(model.abilities) if model.abilities is not None else "not known"
        note = model.way_out or f"{'simulated; ' if model.simulated else ''}{can}"
        table.add_row(Text(one_line(model.model, 120)), *price, f"{model.context_tokens:,}", Text(one_line(note, 300)))
    return table


def lines_below(unusable: int, unreachable: dict[str, str], *, every: bool) -> list[str]:
    """What a list leaves out: models that can't be used, and providers that didn't answer."""
    lines = [f"{name}: {why}" for name, why in unreachable.items()]
    if unusable and not every:
        lines.append(f"{count(unusable, 'model')} more can't be used yet; --all says why.")
    return lines


def _usd(micro_usd: int) -> str:
    return f"${micro_usd / MICRO_USD:g}"
