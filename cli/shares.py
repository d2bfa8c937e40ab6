"""Shares: give a group a right to what you own, or take it."""

from typing import Annotated

import typer

from cli.http import signed_in
from cli.input.amounts import metavar_of, one_of
from cli.input.options import SHARE
from cli.output.prose import print_line
from cli.output.text import one_line

KINDS = ("task", "schedule", "file", "agent")
RIGHTS = ("view", "use", "edit")

Kind = Annotated[
    str, typer.Argument(parser=one_of(KINDS), metavar="KIND", help="task, schedule, file or agent.", show_default=False)
]
Named = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The ID or its first characters, or the name of a schedule or an agent.", show_default=False
    ),
]
Group = Annotated[
    str,
    typer.Argument(metavar="GROUP", help="The group's name, or the first characters of its ID.", show_default=False),
]
RightOption = Annotated[
    str,
    typer.Option(
        "--right",
        parser=one_of(RIGHTS),
        metavar=metavar_of(RIGHTS),
        autocompletion=lambda: RIGHTS,
        help="What the group's members may do.",
    ),
]


async def share(kind: Kind, id: Named, group: Group, right: RightOption = "view") -> int:
    """Share a task, schedule, file or agent with a group, or change the right that the group has."""
    from cli.http import groups
    from models.shares import Right, ShareKind

    async with signed_in(SHARE) as client:
        made = await groups.share(client, ShareKind(kind), id, group, Right(right))
    print_line(f"The {kind} is shared with group {one_line(made.group, 60)!r}, with the right {made.right.value!r}.")
    return 0


async def unshare(kind: Kind, id: Named, group: Group) -> int:
    """Stop sharing a task, schedule, file or agent with a group."""
    from cli.http import groups
    from models.shares import ShareKind

    async with signed_in() as client:
        await groups.unshare(client, ShareKind(kind), id, group)
    print_line(f"The {kind} is no longer shared with this group.")
    return 0
