"""Prints groups, their members, and what is shared with them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_line
from cli.output.tables import print_table
from cli.output.text import one_line, short

if TYPE_CHECKING:
    from models.groups import GroupView, MemberView
    from models.shares import ShareView


def print_groups(groups: Sequence["GroupView"]) -> None:
    """Print a line per group."""
    if not groups:
        print_line('No groups yet. To create one, run: chimera groups create "Research"')
        return
    _print(("ID", "Your role", "Name"), [(short(each.id), each.role or "-", each.name) for each in groups])


def print_members(members: Sequence["MemberView"]) -> None:
    """Print a line per member."""
    _print(("Role", "Member"), [(each.role, each.email) for each in members])


def print_shares(shares: Sequence["ShareView"]) -> None:
    """Print a line per share."""
    if not shares:
        print_line("Nothing is shared with this group. To share a task, run: chimera share task <ID> <group>")
        return
    _print(("Kind", "Right", "ID"), [(each.kind, each.right, each.resource_id) for each in shares])


def _print(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True)
    table.add_column(headings[-1], overflow="fold", ratio=1)
    for row in rows:
        table.add_row(*(Text(one_line(cell, 200)) for cell in row))
    print_table(Console(highlight=False), table)
