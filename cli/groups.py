"""Groups of users: create them, and manage their members."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.input.options import GROUP, MEMBER
from cli.output.groups import print_groups, print_members, print_shares
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.text import one_line

Group = Annotated[
    str,
    typer.Argument(metavar="GROUP", help="The group's name, or the first characters of its ID.", show_default=False),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The group's new name.", show_default=False)]
Email = Annotated[
    str,
    typer.Argument(metavar="EMAIL", help="The user's e-mail address, or a service account's name.", show_default=False),
]
Manager = Annotated[bool, typer.Option("--manager", help="Let the member manage the group.")]

app = typer.Typer(name="groups", help="Manage groups of users who share tasks, schedules and files.")


@app.callback(invoke_without_command=True)
def groups(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Manage groups of users who share tasks, schedules and files."""
    return None if context.invoked_subcommand else list_groups(as_json=as_json)


@app.command(name="list")
async def list_groups(as_json: AsJson = False) -> int:
    """List your groups, newest first. Same as: chimera groups"""
    from cli.http import groups

    async with signed_in() as client:
        found = await groups.groups(client)
    if as_json:
        print_list(found)
    else:
        print_groups(found)
    return 0


@app.command()
async def create(name: Name, as_json: AsJson = False) -> int:
    """Create a group. You are its first member and manager."""
    from cli.http import groups

    async with signed_in(GROUP) as client:
        made = await groups.create(client, name)
    if as_json:
        print_json(made)
        return 0
    print_line(f"Group {one_line(made.name, 60)!r} was created. To add a member, run:")
    print_line(f"chimera groups add {made.id[:8]} <e-mail address>")
    return 0


@app.command()
async def rename(group: Group, name: Name) -> int:
    """Rename a group that you manage."""
    from cli.http import groups

    async with signed_in(GROUP) as client:
        changed = await groups.rename(client, group, name)
    print_line(f"The group is now named {one_line(changed.name, 60)!r}.")
    return 0


@app.command()
async def delete(group: Group) -> int:
    """Delete a group that you manage. What was shared with it stays with its owners."""
    from cli.http import groups

    async with signed_in() as client:
        gone = await groups.delete(client, group)
    print_line(f"Group {one_line(gone.name, 60)!r} was deleted.")
    return 0


@app.command()
async def members(group: Group, as_json: AsJson = False) -> int:
    """List the members of a group, newest first."""
    from cli.http import groups

    async with signed_in() as client:
        found = await groups.members(client, group)
    if as_json:
        print_list(found)
    else:
        print_members(found)
    return 0


@app.command()
async def add(group: Group, email: Email, manager: Manager = False) -> int:
    """Add a member to a group that you manage, or change a member's role."""
    from cli.http import groups

    async with signed_in(MEMBER) as client:
        member = await groups.put_member(client, group, email, "manager" if manager else "member")
    print_line(f"{one_line(member.email, 80)} is now a {member.role} of the group, if this address has an account.")
    return 0


@app.command()
async def remove(group: Group, email: Email) -> int:
    """Remove a member from a group that you manage, or leave a group."""
    from cli.http import groups

    async with signed_in() as client:
        await groups.remove_member(client, group, email)
    print_line(f"{one_line(email, 80)} is no longer a member of the group.")
    return 0


@app.command()
async def shares(group: Group, as_json: AsJson = False) -> int:
    """List what is shared with a group, newest first."""
    from cli.http import groups

    async with signed_in() as client:
        found = await groups.shares_of_group(client, group)
    if as_json:
        print_list(found)
    else:
        print_shares(found)
    return 0
