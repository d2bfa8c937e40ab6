"""Prints users, API keys, sessions, invitations and the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_line, print_prose
from cli.output.tables import print_table
from cli.output.text import one_line, short

if TYPE_CHECKING:
    from models.api_keys import ApiKeyView
    from models.audit import AuditEntryView
    from models.invitations import InvitationView
    from models.sessions import SessionView
    from models.users import UserDetails, UserView


def print_users(users: Sequence["UserDetails"]) -> None:
    """Print a line per user."""
    if not users:
        print_line("There are no such users.")
        return
    _print(
        ("E-mail", "Name", "Role", "State", "Last used"),
        [(each.email, each.name, each.role, each.state, _at(each.last_used_at)) for each in users],
    )


def print_user(user: "UserView | UserDetails", *others: tuple[str, str]) -> None:
    """Print the facts of an account."""
    facts = [("Account", user.email), ("Name", user.name), ("Role", user.role), ("ID", user.id)]
    for label, value in (*facts, ("Created", _at(user.created_at)), *others):
        if value:
            print_prose(Console(highlight=False), Text.assemble((f"{label:<11}", "dim"), one_line(value)), indent=11)


def facts_of(user: "UserDetails") -> tuple[tuple[str, str], ...]:
    """Return what only administrators see of an account."""
    password = "yes" if user.has_password else "no"
    return ("State", user.state), ("Kind", user.kind), ("Password", password), ("Last used", _at(user.last_used_at))


def print_keys(keys: Sequence["ApiKeyView"]) -> None:
    """Print a line per API key."""
    if not keys:
        print_line('No API keys yet. To create one, run: chimera keys create "nightly report" --scope read')
        return
    _print(
        ("Key", "Name", "Scopes", "Last used", "Expires"),
        [
            (f"{each.begins_with}…", each.name, ", ".join(each.scopes), _at(each.last_used_at), _at(each.expires_at))
            for each in keys
        ],
    )


def print_sessions(sessions: Sequence["SessionView"]) -> None:
    """Print a line per session."""
    _print(
        ("ID", "Began", "Last used", "Address", "Program"),
        [
            (
                f"{short(each.id)}{' (this one)' if each.current else ''}",
                _at(each.began_at),
                _at(each.last_used_at),
                each.address or "-",
                each.client or "-",
            )
            for each in sessions
        ],
    )


def print_invitations(invitations: Sequence["InvitationView"]) -> None:
    """Print a line per invitation."""
    if not invitations:
        print_line("No invitations yet. To create one, run: chimera users invite")
        return
    _print(
        ("ID", "For", "Role", "Expires", "Used"),
        [
            (short(each.id), each.email or "anyone", each.role, _at(each.expires_at), _at(each.used_at))
            for each in invitations
        ],
    )


def print_audit(entries: Sequence["AuditEntryView"]) -> None:
    """Print a line per entry."""
    if not entries:
        print_line("There are no such entries.")
        return
    _print(
        ("At", "Action", "By", "On", "From", "Details"),
        [
            (
                _at(each.at),
                each.action,
                each.actor or (short(each.actor_id) if each.actor_id else "-"),
                short(each.subject_id) if each.subject_id else "-",
                each.address or "-",
                ", ".join(f"{name}: {value}" for name, value in each.details.items()),
            )
            for each in entries
        ],
    )


def _print(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True)
    table.add_column(headings[-1], no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(*(Text(one_line(cell, 200)) for cell in row))
    print_table(Console(highlight=False), table)


def _at(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M}"
