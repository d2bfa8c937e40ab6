"""Prints chat sessions, and messages that were found."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_line, print_prose
from cli.output.tables import print_table
from cli.output.text import one_line, plain, short
from models.base import usd
from models.chat import ChatSessionView
from models.chat_messages import ChatMessageView
from models.chat_search import SearchHit


def print_sessions(sessions: Sequence[ChatSessionView], *, shared: bool = False) -> None:
    """Print a line per session. With `shared`, they are sessions of others."""
    if shared and not sessions:
        print_line("No chat sessions are shared with you.")
        return
    if not sessions:
        print_line('You have no chat sessions. To begin one, run: chimera chat "Hello"')
        return
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("ID", "Last message (UTC)", "Agent", "Model"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for each in sessions:
        cells = (short(each.id), when(each.last_message_at), each.agent or "", each.model or "", each.title)
        table.add_row(*(Text(one_line(cell, 120)) for cell in cells))
    print_table(Console(highlight=False), table)


def print_session(view: ChatSessionView, messages: Sequence[ChatMessageView]) -> None:
    """Print a session and the messages of its active branch."""
    console = Console(highlight=False)
    facts = (
        ("Session", view.id),
        ("Title", view.title),
        ("Agent", view.agent or ""),
        ("Model", view.model or ""),
        ("Created", when(view.created_at)),
        ("Archived", "yes" if view.archived else ""),
    )
    for label, value in facts:
        if value:
            print_prose(console, Text.assemble((f"{label:<10}", "dim"), one_line(value)), indent=10)
    for message in messages:
        console.print()
        console.print(Text(_heading_of(message), style="bold"))
        for line in plain(message.text or "(not written yet)").split("\n"):
            print_prose(console, Text(line))


def line_of_hit(hit: SearchHit) -> Text:
    """Return a message that was found, with its matching words in bold."""
    line = Text.assemble((f"{short(hit.session_id)}  ", "cyan"), (f"{one_line(hit.session_title, 40)}  ", "dim"))
    for part in hit.snippet:
        line.append(" ".join(plain(part.text).split("\n")), style="bold" if part.marked else "")
    return line


def when(at: datetime | None) -> str:
    """Return a time in UTC, to the minute."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _heading_of(message: ChatMessageView) -> str:
    reply = message.reply
    if reply is None:
        files = ", ".join(one_line(file.name or "a deleted file", 60) for file in message.attachments)
        return f"user, {when(message.created_at)}{f', attached: {files}' if files else ''}"
    simulated = ", simulated" if reply.simulated else ""
    who = one_line(reply.agent or reply.model or "model", 80)
    return f"{who}{simulated}, {reply.status}, {usd(reply.cost_micro_usd)}"
