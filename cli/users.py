"""Users, for administrators: list, invite, change and remove them."""

import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.amounts import metavar_of, one_of, whole
from cli.input.arguments import AsJson
from cli.input.encodings import text_of
from cli.input.options import INVITATION, SERVICE_ACCOUNT, USER
from cli.output.accounts import facts_of, print_invitations, print_user, print_users
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line, print_note

ROLES = ("user", "viewer", "admin")
STATES = ("active", "disabled", "deleted")

Who = Annotated[
    str,
    typer.Argument(
        metavar="USER", help="The user's e-mail address or ID, or a service account's name.", show_default=False
    ),
]
RoleArgument = Annotated[
    str, typer.Argument(parser=one_of(ROLES), metavar=metavar_of(ROLES), help="The new role.", show_default=False)
]
RoleOption = Annotated[
    str | None,
    typer.Option(
        "--role", parser=one_of(ROLES), metavar=metavar_of(ROLES), autocompletion=lambda: ROLES, help="A role."
    ),
]
StateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        parser=one_of(STATES),
        metavar=metavar_of(STATES),
        autocompletion=lambda: STATES,
        help="List only accounts in this state. Default: all but deleted ones.",
    ),
]
Services = Annotated[bool, typer.Option("--services", help="List service accounts instead of people.")]
Search = Annotated[str | None, typer.Option("--search", help="List only users whose name or e-mail contains this.")]
Newest = Annotated[int, typer.Option("--limit", parser=whole(1, 10_000), help="Maximum number of users, newest first.")]
InvitedEmail = Annotated[
    str | None, typer.Option("--email", help="The only e-mail address that can be registered. Default: any.")
]
Hours = Annotated[
    int | None, typer.Option("--hours", parser=whole(1, 168), help="Hours until the invitation expires. Default: 72.")
]
NewEmail = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The administrator's e-mail address.", show_default=False)
]
ServiceName = Annotated[str, typer.Argument(metavar="NAME", help="The service account's name.", show_default=False)]
InvitationId = Annotated[
    str, typer.Argument(metavar="ID", help="The invitation's ID, or its first characters.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask before deleting.")]

app = typer.Typer(
    name="users", help="Manage users: list, invite, change, disable or delete them. For administrators only."
)


@app.callback(invoke_without_command=True)
def users(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Manage users: list, invite, change, disable or delete them. For administrators only."""
    return None if context.invoked_subcommand else list_users(as_json=as_json)


@app.command(name="list")
async def list_users(
    role: RoleOption = None,
    state: StateOption = None,
    search: Search = None,
    services: Services = False,
    limit: Newest = 100,
    as_json: AsJson = False,
) -> int:
    """List users, newest first."""
    from cli.http import accounts

    filters = {"kind": "service" if services else "person", "role": role, "state": state, "q": search}
    async with signed_in() as client:
        found = await accounts.users(client, filters, limit)
    if as_json:
        print_list(found)
    else:
        print_users(found)
    return 0


@app.command()
async def show(user: Who, as_json: AsJson = False) -> int:
    """Show an account."""
    from cli.http import accounts

    async with signed_in() as client:
        found = await accounts.user_named(client, user)
    if as_json:
        print_json(found)
    else:
        print_user(found, *facts_of(found))
    return 0


@app.command()
async def role(user: Who, role: RoleArgument) -> int:
    """Change a user's role. It takes effect within 5 seconds, and closes the user's streams."""
    return await _change(user, {"role": role}, f"now has the role {role}.")


@app.command()
async def disable(user: Who) -> int:
    """Disable an account: its sessions end, its API keys stop working, and its open tasks are cancelled."""
    return await _change(user, {"disabled": True}, "is disabled.")


@app.command()
async def enable(user: Who) -> int:
    """Enable a disabled account."""
    return await _change(user, {"disabled": False}, "is enabled.")


@app.command()
def delete(user: Who, yes: Yes = False) -> Coroutine[Any, Any, int]:
    """Delete an account with all its content. Only the record of its costs is kept."""
    if not yes and sys.stdin.isatty():
        typer.confirm("Delete the account and everything that belongs to it?", abort=True)
    return _delete(user)


async def _delete(user: str) -> int:
    from cli.http import accounts

    async with signed_in() as client:
        gone = await accounts.delete_user(client, user)
    print_line(f"The account {gone.email} was deleted. Its open tasks are being cancelled.")
    return 0


@app.command()
async def invite(
    email: InvitedEmail = None, role: RoleOption = None, hours: Hours = None, as_json: AsJson = False
) -> int:
    """Invite a person to create an account, and print the invitation's token."""
    from cli.http import accounts

    options = {"email": email, "role": role, "expires_in_hours": hours}
    async with signed_in(INVITATION) as client:
        made = await accounts.invite(client, {name: value for name, value in options.items() if value is not None})
    if as_json:
        print_json(made)
        return 0
    print(made.token)
    print_note(f"Give this token to the invited person. It works once, until {made.expires_at.astimezone():%c}.")
    return 0


@app.command()
async def invitations(as_json: AsJson = False) -> int:
    """List invitations, newest first."""
    from cli.http import accounts

    async with signed_in() as client:
        found = await accounts.invitations(client)
    if as_json:
        print_list(found)
    else:
        print_invitations(found)
    return 0


@app.command()
async def uninvite(invitation: InvitationId) -> int:
    """Delete an invitation, so that it can't be used."""
    from cli.http import accounts

    async with signed_in() as client:
        await accounts.uninvite(client, invitation)
    print_line("The invitation was deleted.")
    return 0


@app.command()
async def reset_password(user: Who, as_json: AsJson = False) -> int:
    """Print a one-time token with which a user can set a new password within 30 minutes."""
    from cli.http import accounts

    async with signed_in() as client:
        made = await accounts.create_reset(client, user)
    if as_json:
        print_json(made)
        return 0
    print(made.token)
    print_note(f"Give this token to {made.email}. It works once, until {made.expires_at.astimezone():%c}.")
    return 0


@app.command()
async def create_service(name: ServiceName, role: RoleOption = None, as_json: AsJson = False) -> int:
    """Create a service account: a user for a program, without a password. Then create an API key for it."""
    from cli.http import accounts

    async with signed_in(SERVICE_ACCOUNT) as client:
        made = await accounts.create_service(client, {"name": name} if role is None else {"name": name, "role": role})
    if as_json:
        print_json(made)
        return 0
    print_line(f"The service account {made.email} was created. To create an API key for it, run:")
    print_line(f'chimera keys create "<program>" --user {made.email}')
    return 0


@app.command()
def create_admin(email: NewEmail) -> Coroutine[Any, Any, int]:
    """Create an administrator directly in the database. Prompts for the password."""
    if sys.stdin.isatty():
        typed = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        typed = sys.stdin.readline().rstrip("\n")
    return create_administrator(email, text_of(typed, "Password", secret=True))


async def create_administrator(email: str, password: str) -> int:
    """Create an administrator, for operators, who have access to the database."""
    from cli.stack.administrators import create

    await create(email.strip().lower(), password)
    return 0


async def _change(user: str, body: dict[str, Any], words: str) -> int:
    from cli.http import accounts

    async with signed_in(USER) as client:
        changed = await accounts.change_user(client, user, body)
    print_line(f"{changed.email} {words}")
    return 0
