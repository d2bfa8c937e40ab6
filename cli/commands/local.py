"""Commands about an installation: start it, look at it, sign in to it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.input.amounts import whole
from cli.input.encodings import path, text_of

a_port = whole(1, 65_535)

Port = Annotated[int | None, typer.Option("--port", parser=a_port, help="Port of the API (8000).", show_default=False)]
TemporalPort = Annotated[int | None, typer.Option(parser=a_port, help="Port of Temporal (7233).", show_default=False)]
TemporalUiPort = Annotated[
    int | None, typer.Option(parser=a_port, help="Port of Temporal's Web UI (8233).", show_default=False)
]
SimulatorPort = Annotated[
    int | None, typer.Option(parser=a_port, help="Port of the built-in simulator (8001).", show_default=False)
]
FIRST_USER = "admin@chimera.local"

DataDir = Annotated[
    Path | None, typer.Option(parser=path, help="Folder that everything is kept in (.chimera).", show_default=False)
]


def up(
    port: Port = None,
    temporal_port: TemporalPort = None,
    temporal_ui_port: TemporalUiPort = None,
    simulator_port: SimulatorPort = None,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(parser=whole(1, 64), help="Worker processes.")] = 1,
) -> None:
    """Start everything and stay; Ctrl-C stops it all, and nothing is lost."""
    from cli.input.settings import load_settings
    from cli.process.running import finish
    from cli.stack.up import up

    finish(
        lambda: up(
            load_settings(
                api_port=port,
                temporal_port=temporal_port,
                temporal_ui_port=temporal_ui_port,
                simulator_port=simulator_port,
                data_dir=data_dir,
            ),
            workers,
        )
    )


def demo(
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--exit", help="Stay afterwards, to look around; on a terminal it does.", show_default=False
        ),
    ] = None,
    port: Port = None,
    temporal_port: TemporalPort = None,
    temporal_ui_port: TemporalUiPort = None,
    simulator_port: SimulatorPort = None,
    data_dir: DataDir = None,
) -> None:
    """Start everything, run a task, kill its worker in the middle, and count the model calls."""
    from cli.input.settings import load_settings
    from cli.process.running import finish
    from cli.stack.demo import demo

    finish(
        lambda: demo(
            load_settings(
                api_port=port,
                temporal_port=temporal_port,
                temporal_ui_port=temporal_ui_port,
                simulator_port=simulator_port,
                data_dir=data_dir,
            ),
            stay=stay,
        )
    )


def doctor(
    try_keys: Annotated[
        bool, typer.Option("--try-keys", help="Ask each vendor that is set up whether its key works; free.")
    ] = False,
) -> None:
    """Say what is wrong with this installation, and the way out of it."""
    from cli.checks.doctor import doctor
    from cli.process.running import finish

    finish(lambda: doctor(try_keys=try_keys))


def login(
    api_url: Annotated[
        str | None, typer.Option(help="Where Chimera runs (http://127.0.0.1:8000).", show_default=False)
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="Your account's e-mail (admin@chimera.local).", show_default=False)
    ] = None,
) -> None:
    """Sign in to a Chimera that runs elsewhere; the password is asked for."""
    from cli.actions.login import login
    from cli.process.running import finish

    address = api_url or _asked("Address", "http://127.0.0.1:8000")
    account = email or _asked("E-mail", FIRST_USER)
    password = _secret("Password")
    finish(lambda: login(address, account, password))


def token() -> None:
    """Print an access token of whoever is signed in, for curl and programs."""
    from cli.actions.accounts import token
    from cli.process.running import finish

    finish(token)


def password(
    reset: Annotated[
        bool, typer.Option("--reset", help="Set a forgotten one, on the machine that has the database.")
    ] = False,
    email: Annotated[str, typer.Option(help="Whose, with --reset.")] = FIRST_USER,
) -> None:
    """Change your password; on standard input: the current one and the new one, a line each."""
    from cli.actions.accounts import change
    from cli.actions.accounts import reset as reset_it
    from cli.process.running import finish

    current = "" if reset else _secret("Current password")
    new = _secret("New password", confirm=True)
    finish(lambda: reset_it(email, new) if reset else change(current, new))


def _asked(what: str, otherwise: str) -> str:
    """Ask a person; a pipe has only secrets to say."""
    return text_of(str(typer.prompt(what, default=otherwise)), what) if sys.stdin.isatty() else otherwise


def _secret(what: str, *, confirm: bool = False) -> str:
    if sys.stdin.isatty():
        typed = str(typer.prompt(what, hide_input=True, confirmation_prompt=confirm))
    else:
        typed = sys.stdin.readline().rstrip("\n")
    return text_of(typed, what, secret=True)
