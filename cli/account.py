"""One's own account: sign in, a token for programs, the password.

What is asked for is asked before the command's loop begins, which would keep Ctrl-C from the question.
"""

import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.encodings import text_of
from cli.output.prose import tell

FIRST_USER = "admin@chimera.local"
THIS_MACHINE = "http://127.0.0.1:8000"

ApiUrl = Annotated[str | None, typer.Option(help="Where Chimera runs (http://127.0.0.1:8000).", show_default=False)]
Email = Annotated[str | None, typer.Option(help="Your account's e-mail (admin@chimera.local).", show_default=False)]
Reset = Annotated[bool, typer.Option("--reset", help="Set a forgotten one, on the machine that has the database.")]
ResetEmail = Annotated[str, typer.Option(help="Whose, with --reset.")]


def login(api_url: ApiUrl = None, email: Email = None) -> Coroutine[Any, Any, int]:
    """Sign in to a Chimera that runs elsewhere; the password is asked for."""
    address = api_url or _asked("Address", THIS_MACHINE)
    account = email or _asked("E-mail", FIRST_USER)
    return sign_in_at(address, account, _secret("Password"))


async def token() -> int:
    """Print an access token of whoever is signed in, for curl and programs."""
    async with signed_in() as client:
        access_token = await client.token()
    print(access_token)
    if sys.stdout.isatty():
        sys.stderr.write("This is a secret: until it ends, whoever has it can do what you can.\n")
    return 0


def password(reset: Reset = False, email: ResetEmail = FIRST_USER) -> Coroutine[Any, Any, int]:
    """Change your password; on standard input: the current one and the new one, a line each."""
    current = "" if reset else _secret("Current password")
    new = _secret("New password", confirm=True)
    return reset_password(email, new) if reset else change_password(current, new)


async def sign_in_at(api_url: str, email: str, password: str) -> int:
    """Keep a sign-in for the commands to come."""
    from cli.http import sign_in
    from cli.http.addresses import address_from
    from cli.http.login import sign_in_with

    api_url, path = address_from(api_url, "--api-url "), sign_in.at_home()
    await sign_in_with(password, email, api_url, path)
    tell(f"Signed in to {api_url} as {email}; kept in {path}.")
    return 0


async def change_password(current: str, new: str) -> int:
    """Change the password of the user who is signed in."""
    from cli.http.bodies import check_password

    check_password(new)
    async with signed_in() as client:
        await client.change_password(current, new)
    tell("The password is changed. Everybody who was signed in with the old one has to sign in again.")
    return 0


async def reset_password(email: str, new: str) -> int:
    """Set a forgotten password in the database itself."""
    from cli.stack.passwords import reset

    await reset(email.strip().lower(), new)
    return 0


def _asked(what: str, otherwise: str) -> str:
    """Ask a person; a pipe has only secrets to say."""
    return text_of(str(typer.prompt(what, default=otherwise)), what) if sys.stdin.isatty() else otherwise


def _secret(what: str, *, confirm: bool = False) -> str:
    if sys.stdin.isatty():
        typed = str(typer.prompt(what, hide_input=True, confirmation_prompt=confirm))
    else:
        typed = sys.stdin.readline().rstrip("\n")
    return text_of(typed, what, secret=True)
