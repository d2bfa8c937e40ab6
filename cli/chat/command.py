"""The command `chimera chat`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.input.encodings import path as a_path
from cli.input.options import CHAT

if TYPE_CHECKING:
    from cli.http.client import Client
    from models.chat import ChatSessionView

Message = Annotated[
    str | None,
    typer.Argument(metavar="MESSAGE", help="The first message, or with a pipe the only one.", show_default=False),
]
Agent = Annotated[str | None, typer.Option("--agent", help="The agent that replies. Default: only a model replies.")]
Model = Annotated[str | None, typer.Option("--model", help="The model that replies, as provider/model.")]
SessionName = Annotated[
    str | None, typer.Option("--session", metavar="ID", help="Continue the session with this ID or its beginning.")
]
New = Annotated[bool, typer.Option("--new", help="Begin a new session, which is the default.")]
Continue = Annotated[bool, typer.Option("--continue", "-c", help="Continue the session that you used last.")]
Attach = Annotated[
    list[Path] | None,
    typer.Option(parser=a_path, help="A file to send with the first message. You can repeat this option."),
]
System = Annotated[str | None, typer.Option("--system", metavar="TEXT", help="Instructions for every reply.")]
Stream = Annotated[bool, typer.Option(help="Show a reply while it is being written, or only when it is complete.")]


async def chat(
    message: Message = None,
    agent: Agent = None,
    model: Model = None,
    session: SessionName = None,
    new: New = False,
    last: Continue = False,
    attach: Attach = None,
    system: System = None,
    as_json: AsJson = False,
    stream: Stream = True,
) -> int:
    """Chat with an agent or a model. In a pipe, send one message and print the reply."""
    from cli.chat import once
    from cli.chat.interactive import converse
    from cli.errors import WrongUsage

    if sum((session is not None, new, last)) > 1:
        raise WrongUsage("Use only one of --session, --new and --continue.")
    fields = {"agent": agent, "model": model, "instructions": system}
    changes = {name: value for name, value in fields.items() if value is not None}
    in_terminal = not as_json and once.is_terminal()
    text = await once.message_of(message, required=not in_terminal)
    async with signed_in(CHAT) as client:
        view = await _session(client, session or ("last" if last else None), changes)
        if in_terminal:
            return await converse(client, view, changes, text, attach or [], stream=stream)
        return await once.answer(client, view, changes, text, attach or [], as_json=as_json)


async def _session(client: "Client", name: str | None, changes: dict[str, Any]) -> "ChatSessionView | None":
    """Return the session to continue, with changes; None to begin a new one."""
    from cli.http import chats

    if name is None:
        return None
    view = await chats.session_named(client, name)
    return await chats.replace(client, view.id, chats.spec_of(view, **changes)) if changes else view
