"""The user's account: sign-in, access tokens, password, sessions.

Commands prompt before their event loop starts, because prompts wouldn't receive Ctrl-C inside it.
"""

import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.input.encodings import text_of
from cli.input.options import ME
from cli.output.accounts import print_sessions, print_user
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line, print_note
from cli.output.text import one_line

FIRST_USER = "admin@chimera.local"
THIS_MACHINE = "http://127.0.0.1:8000"

ApiUrl = Annotated[
    str | None,
    typer.Option(help="The Chimera server's address. Default: http://127.0.0.1:8000.", show_default=False),
]
Email = Annotated[
    str | None, typer.Option(help="Your account's e-mail address. Default: admin@chimera.local.", show_default=False)
]
Reset = Annotated[
    bool,
    typer.Option(
        "--reset",
        help="Set a new password without entering the current one. Requires access to the database.",
    ),
]
ResetEmail = Annotated[str, typer.Option(help="The e-mail address of the account whose password you want to reset.")]


SessionId = Annotated[
    str | None, typer.Argument(metavar="ID", help="The session's ID, or its first characters.", show_default=False)
]
Others = Annotated[bool, typer.Option("--others", help="End all sessions except the one of this command.")]
NewName = Annotated[str | None, typer.Option("--name", help="Your name.")]
NewAddress = Annotated[str | None, typer.Option("--email", help="Your new e-mail address. Prompts for the password.")]
TimeZone = Annotated[
    str | None,
    typer.Option("--time-zone", help="The console's time zone, such as Europe/Berlin."),
]

app = typer.Typer(name="account", help="Show or change your account, or list and end your sessions.")


@app.callback(invoke_without_command=True)
def account(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Show or change your account, or list and end your sessions."""
    return None if context.invoked_subcommand else show_account(as_json=as_json)


async def show_account(*, as_json: bool) -> int:
    """Show the signed-in user's account."""
    async with signed_in() as client:
        me = await client.me()
    if as_json:
        print_json(me)
    else:
        print_user(me)
    return 0


@app.command()
async def sessions(as_json: AsJson = False) -> int:
    """List where you are signed in."""
    from cli.http import accounts

    async with signed_in() as client:
        found = await accounts.sessions(client)
    if as_json:
        print_list(found)
    else:
        print_sessions(found)
    return 0


@app.command()
async def end_session(session: SessionId = None, others: Others = False) -> int:
    """End one of your sessions, or all others."""
    from cli.errors import NotThere, WrongUsage
    from cli.http import accounts

    if (session is None) != others:
        raise WrongUsage("Enter a session's ID, or --others.")
    async with signed_in() as client:
        if session is None:
            print_line(f"Sessions that were ended: {await accounts.end_other_sessions(client)}.")
            return 0
        found = [each for each in await accounts.sessions(client) if each.id.startswith(session.strip().lower())]
        if len(found) != 1:
            raise NotThere(
                f"{len(found) or 'No'} sessions begin with {one_line(session, 20)!r}. To list your sessions, run:"
                " chimera account sessions"
            )
        await accounts.end_session(client, found[0].id)
    print_line("The session was ended.")
    return 0


@app.command()
def change(name: NewName = None, email: NewAddress = None, time_zone: TimeZone = None) -> Coroutine[Any, Any, int]:
    """Change your name, e-mail address or time zone."""
    body: dict[str, Any] = {} if name is None else {"name": name}
    if email is not None:
        body |= {"email": email, "current_password": _secret("Password")}
    return change_account(body, time_zone)


async def change_account(body: dict[str, Any], time_zone: str | None) -> int:
    """Change the signed-in user's account."""
    from cli.http import accounts

    async with signed_in(ME) as client:
        if time_zone is not None:
            kept = (await client.me()).preferences
            body["preferences"] = {**kept.model_dump(), "time_zone": time_zone}
        me = await accounts.change_me(client, body)
    print_user(me)
    return 0


def login(api_url: ApiUrl = None, email: Email = None) -> Coroutine[Any, Any, int]:
    """Sign in to a Chimera server that runs elsewhere. Prompts for the password."""
    address = api_url or _asked("Address", THIS_MACHINE)
    account = email or _asked("E-mail", FIRST_USER)
    return sign_in_at(address, account, _secret("Password"))


async def token() -> int:
    """Print your access token for use with curl or in programs."""
    async with signed_in() as client:
        access_token = await client.token()
    print(access_token)
    if sys.stdout.isatty():
        sys.stderr.write("Keep this token secret. Until it expires, anyone who has it can use your account.\n")
    return 0


def password(reset: Reset = False, email: ResetEmail = FIRST_USER) -> Coroutine[Any, Any, int]:
    """Change your password. In a script, pipe in the current and new passwords, one per line."""
    current = "" if reset else _secret("Current password")
    new = _secret("New password", confirm=True)
    return reset_password(email, new) if reset else change_password(current, new)


async def sign_in_at(api_url: str, email: str, password: str) -> int:
    """Sign in, and store the sign-in for later commands."""
    from cli.http import sign_in
    from cli.http.addresses import address_from
    from cli.http.connect import credential_variable
    from cli.http.login import sign_in_with

    api_url, path = address_from(api_url, "--api-url "), sign_in.at_home()
    await sign_in_with(password, email, api_url, path)
    print_line(f"Signed in to {api_url} as {email}. The session is saved in {path}.")
    if (variable := credential_variable()) is not None:
        print_note(
            f"Commands don't use this session yet, because {variable} is set and takes precedence. To use the session,"
            f" run: unset {variable}"
        )
    return 0


async def change_password(current: str, new: str) -> int:
    """Change the password of the signed-in user."""
    from cli.http.bodies import check_password

    check_password(new)
    async with signed_in() as client:
        await client.change_password(current, new)
    print_line(
        "Your password has been changed, and your other sessions have ended. Sign in again on your other devices."
    )
    return 0


async def reset_password(email: str, new: str) -> int:
    """Set a new password directly in the database."""
    from cli.stack.passwords import reset

    await reset(email.strip().lower(), new)
    return 0


def _asked(what: str, otherwise: str) -> str:
    """Prompt on a terminal. Otherwise, return `otherwise`, because piped input contains only the secrets."""
    return text_of(str(typer.prompt(what, default=otherwise)), what) if sys.stdin.isatty() else otherwise


def _secret(what: str, *, confirm: bool = False) -> str:
    if sys.stdin.isatty():
        typed = str(typer.prompt(what, hide_input=True, confirmation_prompt=confirm))
    else:
        typed = sys.stdin.readline().rstrip("\n")
    return text_of(typed, what, secret=True)
