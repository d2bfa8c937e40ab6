"""Commands about an installation: start it, look at it, sign in to it."""

import sys
from typing import Annotated

import typer

Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port of the API (8000).", show_default=False)
]
TemporalPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port of Temporal (7233).", show_default=False)
]
TemporalUiPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port of Temporal's Web UI (8233).", show_default=False)
]
SimulatorPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port of the built-in simulator (8001).", show_default=False)
]
DataDir = Annotated[str | None, typer.Option(help="Folder that everything is kept in (.chimera).", show_default=False)]


def up(
    port: Port = None,
    temporal_port: TemporalPort = None,
    temporal_ui_port: TemporalUiPort = None,
    simulator_port: SimulatorPort = None,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
) -> None:
    """Start everything and stay; Ctrl-C stops it all, and nothing is lost."""
    from cli.actions.up import up
    from cli.running import finish
    from cli.settings import load_settings

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
    from cli.actions.demo import demo
    from cli.running import finish
    from cli.settings import load_settings

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


def doctor() -> None:
    """Say what is wrong with this installation, and the way out of it."""
    from cli.actions.doctor import doctor
    from cli.running import finish

    finish(doctor)


def login(
    api_url: Annotated[str, typer.Option(prompt="Address", help="Where Chimera runs.")] = "http://127.0.0.1:8000",
    email: Annotated[str, typer.Option(prompt="E-mail", help="Your account's e-mail.")] = "admin@chimera.local",
) -> None:
    """Sign in to a Chimera that runs elsewhere; the password is asked for."""
    from cli.actions.login import login
    from cli.running import finish

    password = typer.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    finish(lambda: login(api_url, email, password))
