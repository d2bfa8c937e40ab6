"""Commands about models."""

from typing import Annotated

import typer

Provider = Annotated[
    str | None, typer.Argument(metavar="[PROVIDER]", help="Only this one's, as in openai.", show_default=False)
]


def models(
    provider: Provider = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also models and providers that can't be used yet, and why.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the API answers, as JSON.")] = False,
) -> None:
    """List the models that can be asked for now, with the prices of those for tasks."""
    from cli.actions.models import list_models
    from cli.process.running import finish

    finish(lambda: list_models(provider, every=every, as_json=as_json))
