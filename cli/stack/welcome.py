"""The messages of a stack: that it is ready, its addresses, and how to stop it."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path
from shlex import quote

import psutil
from rich.console import Console
from rich.text import Text

from chimera.config.settings import Settings
from cli.http.addresses import api_url_of, temporal_ui_of
from cli.output.prose import print_to
from cli.stack.console import state_at
from cli.stack.stack import Stack


def how_to_start_a_task(data_dir: Path) -> str:
    """Describe how to start a task here, and not on the Chimera server that uses this folder's own data folder."""
    setting = ""
    if data_dir.resolve() != Path(Settings.model_fields["data_dir"].default).resolve():
        setting = (
            f'set "CHIMERA_DATA_DIR={data_dir}" && ' if os.name == "nt" else f"CHIMERA_DATA_DIR={quote(str(data_dir))} "
        )
    return f'To start a task, run in another terminal: {setting}{own_name()} run "Compare tea and coffee."'


def how_to_stop() -> str:
    """Describe how to stop Chimera, even if it was started in the background, without a terminal for Ctrl-C."""
    return f"To stop Chimera, press Ctrl-C here or run: kill {os.getpid()}"


async def forever() -> None:
    """Wait until a signal ends this."""
    await asyncio.Event().wait()


def print_stopping(console: Console) -> None:
    print_to(
        console,
        "\nStopping Chimera. Running tasks will continue when you start Chimera again. To stop without waiting for"
        " calls in flight, press Ctrl-C again.",
    )


def print_welcome(stack: Stack, console: Console) -> None:
    """Print how long the start took, the addresses, and the first user's password, once."""
    # Counted from the start of `start.sh`, which becomes this process.
    print_to(console, f"Ready in {time.time() - psutil.Process().create_time():.1f} s")
    settings = stack.settings
    api_url = api_url_of(settings)
    rows = [
        ("Console", state_at(api_url)),
        ("API", api_url),
        ("API documentation", f"{api_url}/docs"),
        ("Temporal's Web UI", temporal_ui_of(settings)),
        ("Data folder", str(settings.data_dir)),
    ]
    if stack.first_user is not None:
        email, password = stack.first_user
        rows += [("Sign-in", email), ("Password", f"{password}   (shown only once, so save it now)")]
    # As plain lines, which a narrow terminal wraps itself, because text to copy must not be cut off.
    console.print(Text("\n").join(_row(name, value) for name, value in rows), soft_wrap=True)


def _row(name: str, value: str) -> Text:
    return Text.assemble((f"  {name:<19}", "dim"), (value, "bold" if name == "Password" else ""))


def own_name() -> str:
    """Return how to type this command here: `chimera` if it is on the PATH, or else its path."""
    if shutil.which("chimera"):
        return "chimera"
    program = Path(sys.argv[0]).resolve()
    if program.name == "chimera":
        return os.path.relpath(program)
    return f"{os.path.relpath(sys.executable)} -m cli"
