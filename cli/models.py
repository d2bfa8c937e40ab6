"""Lists the models of this installation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.output.printing import print_json
from cli.output.tables import MODEL_CHARS, print_table
from cli.output.text import count, one_line, plain

if TYPE_CHECKING:
    from models.providers import MediaModelView, ModelsView, ModelView, ProviderView

MICRO_USD = 1_000_000
# The command for each operation.
_COMMANDS = {
    "embeddings": "chimera embed",
    "images": "chimera image",
    "transcriptions": "chimera transcribe",
}

Provider = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROVIDER]",
        help="List only the models of this provider, such as openai.",
        show_default=False,
    ),
]
Every = Annotated[
    bool,
    typer.Option("--all", help="Also list models and providers that can't be used yet, with the reasons."),
]


async def models(provider: Provider = None, every: Every = False, as_json: AsJson = False) -> int:
    """List the models that you can use now, with prices for those available to tasks."""
    async with signed_in() as client:
        providers = await client.providers()
        if provider is not None:
            check_usable(provider, providers)
        found = of_provider(await client.models(), provider)
    if as_json:
        print_json(found)
        return 0
    missing = {each.name: each.advice for each in providers if provider is None and not each.configured}
    _print(Console(highlight=False), found, missing, every=every)
    return 0


def check_usable(name: str, providers: Sequence["ProviderView"]) -> None:
    """Raise NotThere for an unknown provider, or NotSetUp for a provider that isn't set up."""
    from cli.errors import NotSetUp, NotThere

    known = {provider.name: provider for provider in providers}
    if name not in known:
        raise NotThere(f"Unknown provider {one_line(name, 60)!r}. Use one of these providers: {', '.join(known)}.")
    if not known[name].configured:
        raise NotSetUp(known[name].advice)


def of_provider(found: "ModelsView", provider: str | None) -> "ModelsView":
    """Keep only one provider's models, or all models if `provider` is None."""
    return found.model_copy(
        update={
            "models": tuple(model for model in found.models if provider in (None, model.provider)),
            "media": tuple(model for model in found.media if provider in (None, model.provider)),
            "unreachable": {name: why for name, why in found.unreachable.items() if provider in (None, name)},
        }
    )


def _print(console: Console, found: "ModelsView", missing: Mapping[str, str], *, every: bool) -> None:
    usable = [model for model in found.models if model.usable]
    print_table(console, table_of(found.models if every else usable))
    if found.media:
        print_table(console, media_table_of(found.media))
    for line in lines_below(len(found.models) - len(usable), found.unreachable, missing, every=every):
        console.print(Text(one_line(line, 500), style="dim"), soft_wrap=True)


def table_of(models: Sequence["ModelView"]) -> Table:
    """Return a table with one line per model. Prices are in USD per million tokens."""
    table = Table(box=None, pad_edge=False, expand=True)
    # The whole name, over as many lines as it needs, because users type it.
    table.add_column("Model", overflow="fold", max_width=MODEL_CHARS)
    for heading in ("Input", "Output", "Window"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("Abilities", ratio=1)
    for model in models:
        price = (_usd(model.price.input), _usd(model.price.output)) if model.price else ("?", "?")
        can = ", ".join(model.abilities) if model.abilities is not None else "unknown"
        note = model.advice or f"{'simulated; ' if model.simulated else ''}{can}"
        table.add_row(Text(plain(model.model)), *price, f"{model.context_tokens:,}", Text(one_line(note, 300)))
    return table


def media_table_of(models: Sequence["MediaModelView"]) -> Table:
    """Return a table of the models that tasks can't use, each with its command."""
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Other models", overflow="fold", max_width=MODEL_CHARS)
    table.add_column("Use", ratio=1)
    for model in models:
        simulated = "simulated; " if model.simulated else ""
        use = f"{simulated}{model.operation}, with {_COMMANDS[model.operation]} --model …"
        table.add_row(Text(plain(model.model)), Text(one_line(use, 300)))
    return table


def lines_below(unusable: int, unreachable: Mapping[str, str], missing: Mapping[str, str], *, every: bool) -> list[str]:
    """Describe what the list leaves out: unusable models, and providers that don't respond or aren't set up."""
    lines = [f"{name}: {why}" for name, why in unreachable.items()]
    if unusable and not every:
        lines.append(f"{count(unusable, 'more model')} can't be used yet. To see why, run: chimera models --all")
    if every:
        lines += [f"{name}: {advice}" for name, advice in missing.items()]
    elif missing:
        lines.append(
            f"These providers are not set up: {', '.join(missing)}. To see which settings are missing, run: chimera"
            " models --all"
        )
    return lines


def _usd(micro_usd: int) -> str:
    return f"${micro_usd / MICRO_USD:g}"
