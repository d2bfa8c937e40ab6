"""Commands for chat sessions: list, show, export and delete them."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.amounts import metavar_of, one_of, whole
from cli.input.arguments import AsJson
from cli.input.encodings import path as a_path
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.text import one_line, short

FORMATS = ("markdown", "json")

Session = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The session's ID, the ID's first characters, or 'last' for the one that you used last.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option(parser=whole(1, 1000), help="Maximum number of sessions to list.")]
SharedOption = Annotated[bool, typer.Option("--shared", help="List the sessions that others share with you.")]
Archived = Annotated[bool, typer.Option("--archived", help="List archived sessions.")]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        parser=one_of(FORMATS),
        metavar=metavar_of(FORMATS),
        autocompletion=lambda: FORMATS,
        help="The format: markdown for reading, or json with all fields and costs.",
    ),
]
AllBranches = Annotated[bool, typer.Option("--all-branches", help="Export all branches, not only the active one.")]
Out = Annotated[Path | None, typer.Option(parser=a_path, help="A new file for the export. Default: standard output.")]

app = typer.Typer(name="sessions", help="Manage your chat sessions: list, show, export or delete them.")


@app.callback(invoke_without_command=True)
def sessions(
    context: typer.Context,
    limit: Limit = 20,
    archived: Archived = False,
    shared: SharedOption = False,
    as_json: AsJson = False,
) -> Coroutine[Any, Any, int] | None:
    """Manage your chat sessions: list, show, export or delete them."""
    return None if context.invoked_subcommand else list_sessions(limit, archived, shared, as_json)


@app.command(name="list")
async def list_sessions(
    limit: Limit = 20, archived: Archived = False, shared: SharedOption = False, as_json: AsJson = False
) -> int:
    """List your chat sessions, the most recently used ones first."""
    from cli.http import chats
    from cli.output.chats import print_sessions

    async with signed_in() as client:
        found = await chats.sessions(client, limit, archived=archived, shared="shared" if shared else "mine")
    if as_json:
        print_list(found)
    else:
        print_sessions(found, shared=shared)
    return 0


@app.command()
async def show(session: Session, as_json: AsJson = False) -> int:
    """Show a chat session and the messages of its active branch."""
    from cli.http import chats
    from cli.output.chats import print_session

    async with signed_in() as client:
        view = await chats.session_named(client, session)
        messages = [] if as_json else await chats.branch(client, view.id)
    if as_json:
        print_json(view)
    else:
        print_session(view, messages)
    return 0


@app.command()
async def export(
    session: Session,
    how: Format = "markdown",
    all_branches: AllBranches = False,
    out: Out = None,
) -> int:
    """Export a chat session as Markdown or JSON."""
    import asyncio  # not for `--help`

    from cli.errors import WrongUsage
    from cli.http import chats
    from cli.output.text import plain

    async with signed_in() as client:
        view = await chats.session_named(client, session)
        data = await chats.export(client, view.id, how, "all" if all_branches else "active")
    if out is None:
        text = data.decode()
        # A file gets every character, but a terminal only those that it merely displays.
        sys.stdout.write(plain(text) if sys.stdout.isatty() else text)
        return 0
    try:
        await asyncio.to_thread(_write_new, out, data)
    except OSError as error:
        raise WrongUsage(f"{str(out)!r} can't be written ({error.strerror}). Choose another file.") from error
    return 0


@app.command()
async def delete(session: Session) -> int:
    """Delete a chat session with its messages and replies. What they cost is kept."""
    from cli.http import chats

    async with signed_in() as client:
        view = await chats.session_named(client, session)
        await chats.delete(client, view.id)
    print_line(f"The chat session {short(view.id)} ({one_line(view.title, 60)}) was deleted.")
    return 0


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
