"""Commands about embeddings, images and transcriptions that were asked for before."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.tasks import AsJson
from cli.input.amounts import whole
from cli.input.encodings import path

Id = Annotated[str, typer.Argument(metavar="ID", help="The call's id, or the beginning of it.", show_default=False)]
Limit = Annotated[int, typer.Option(parser=whole(1, 100), help="How many, newest first.")]

app = typer.Typer(name="calls", help="Embeddings, images and transcriptions of yours: list, show, cancel.")


@app.callback(invoke_without_command=True)
def list_calls(context: typer.Context, limit: Limit = 20, as_json: AsJson = False) -> None:
    """Embeddings, images and transcriptions of yours: list, show, cancel."""
    if context.invoked_subcommand is None:
        list_all(limit=limit, as_json=as_json)


@app.command(name="list")
def list_all(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List your embeddings, images and transcriptions, as the group does by itself."""
    from cli.actions.calls import list_calls
    from cli.process.running import finish

    finish(lambda: list_calls(limit=limit, as_json=as_json))


@app.command()
def show(
    call_id: Id,
    out: Annotated[
        Path | None, typer.Option(parser=path, help="Where a picture is written.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that --out names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what came of a call, or where it stands."""
    from cli.actions.calls import show
    from cli.process.running import finish

    finish(lambda: show(call_id, out, as_json=as_json, force=force))


@app.command()
def cancel(call_id: Id) -> None:
    """Stop a call; its provider is asked no more."""
    from cli.actions.calls import cancel
    from cli.process.running import finish

    finish(lambda: cancel(call_id))
