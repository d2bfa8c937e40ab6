"""Prints approvals: a list, or one with the complete arguments of its call."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_line, print_prose
from cli.output.revealed import revealed, revealed_text
from cli.output.tables import print_table
from cli.output.text import one_line, short

if TYPE_CHECKING:
    from models.approvals import ApprovalView


def print_approvals(approvals: Sequence["ApprovalView"]) -> None:
    """Print a line per approval."""
    if not approvals:
        print_line("No decisions are waiting for you. To list all approvals, run: chimera approvals --all")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("ID", "Kind", "Status", "Task", "Agent", "Tool"):
        table.add_column(heading, no_wrap=True)
    table.add_column("What", no_wrap=True, overflow="ellipsis", ratio=1)
    for each in approvals:
        cells = (short(each.id), each.kind.replace("_", " "), each.status, short(each.task_id))
        words = each.question or revealed(each.arguments)
        table.add_row(*cells, *(Text(one_line(cell, 200)) for cell in (each.agent, each.tool, words)))
    print_table(Console(highlight=False), table)


def print_approval(approval: "ApprovalView", console: Console | None = None) -> None:
    """Print an approval with its complete arguments, and the command that decides."""
    console = console or Console(highlight=False)
    for label, value in facts_of(approval):
        print_prose(console, Text.assemble((f"{label:<10}", "dim"), value), indent=10)
    if approval.question is not None:
        _print_block(console, "Question", revealed_text(approval.question))
    else:
        _print_block(console, "Arguments", revealed(approval.arguments))
    if approval.changed_arguments is not None:
        _print_block(console, "Changed to", revealed(approval.changed_arguments))
    for command in commands_of(approval):
        print_prose(console, Text(f"Run: {command}", style="dim"))


def facts_of(approval: "ApprovalView") -> list[tuple[str, str]]:
    """Return the facts of an approval with their labels, without empty ones."""
    place = f", {approval.path}" if approval.path else ""
    facts = (
        ("Approval", f"{approval.id}"),
        ("Kind", approval.kind.replace("_", " ")),
        ("Status", approval.status),
        ("Task", f"{short(approval.task_id)} {approval.task_title}".strip() + place),
        ("Agent", approval.agent),
        ("Tool", approval.tool),
        ("Reason", approval.reason),
        ("Options", " | ".join(approval.options)),
        ("Default", approval.default or ""),
        ("Deciders", ", ".join(approval.approvers) or "administrators"),
        ("Quorum", str(approval.terms.quorum) if approval.terms.quorum > 1 else ""),
        ("Expires", _when(approval.expires_at) if approval.status == "pending" else ""),
        *(("Decision", _vote(vote.user, vote.decision, vote.reason, vote.at)) for vote in approval.votes),
        ("Answer", approval.answer or ""),
        ("SHA-256", approval.sha256),
    )
    return [(label, one_line(revealed_text(value), 25_000)) for label, value in facts if value]


def commands_of(approval: "ApprovalView") -> list[str]:
    """Return the commands that decide about a pending approval; none if it is up to others."""
    if not approval.may_decide:
        return []
    name = short(approval.id)
    match approval.kind:
        case "question":
            return [f"chimera answer {name} <answer>"]
        case "outcome":
            return [f"chimera approvals outcome {name} {way}" for way in ("--happened", "--not-happened", "--again")]
        case _:
            return [f"chimera approve {name}", f"chimera reject {name} --reason <reason>"]


def _print_block(console: Console, heading: str, text: str) -> None:
    """Print revealed text completely, without breaking its lines."""
    console.print(Text(heading, style="bold"))
    for line in text.split("\n"):
        console.print(Text(f"  {line}"), soft_wrap=True)


def _vote(user: str, decision: str, reason: str, at: datetime) -> str:
    return f"{decision.replace('_', ' ')} by {user}, {_when(at)}" + (f": {reason}" if reason else "")


def _when(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
