"""The user's account: sign-in, access tokens, password.

Commands prompt before their event loop starts, because prompts wouldn't receive Ctrl-C inside it.
"""

import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.encodings import text_of
from cli.output.prose import print_line

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
    from cli.http.login import sign_in_with

    api_url, path = address_from(api_url, "--api-url "), sign_in.at_home()
    await sign_in_with(password, email, api_url, path)
    print_line(f"Signed in to {api_url} as {email}. The session is saved in {path}.")
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
