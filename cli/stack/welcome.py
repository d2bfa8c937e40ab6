"""What a stack says of itself: that it is there, where, and how to stop it."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.text import Text

from cli.http.addresses import api_url_of, temporal_ui_of
from cli.output.prose import say
from cli.stack.stack import Stack


def how_to_stop() -> str:
    """Say what stops everything, also for who started it in the background and has no terminal to press Ctrl-C in."""
    return f"Ctrl-C here stops everything, and so does: kill {os.getpid()}"


async def forever() -> None:
    """Wait for nothing; only a signal ends this."""
    await asyncio.Event().wait()


def say_stopping(console: Console) -> None:
    say(console, "\nStopping. What runs goes on at the next start. Ctrl-C again doesn't wait for calls in flight.")


def say_welcome(stack: Stack, console: Console) -> None:
    """Say how long it took, where everything is, and the first user's password, once."""
    # Counted from where `start.sh` began: it becomes this process.
    say(console, f"Ready {time.time() - psutil.Process().create_time():.1f} s after the start")
    settings = stack.settings
    api_url = api_url_of(settings)
    rows = [
        ("API", api_url),
        ("API documentation", f"{api_url}/docs"),
        ("Temporal's Web UI", temporal_ui_of(settings)),
        ("Data folder", str(settings.data_dir)),
    ]
    if stack.first_user is not None:
        email, password = stack.first_user
        rows += [("Sign-in", email), ("Password", f"{password}   (shown this once; keep it)")]
    # As plain lines, which a narrow terminal breaks itself: nothing that is to be copied may be cut.
    console.print(Text("\n").join(_row(name, value) for name, value in rows), soft_wrap=True)


def _row(name: str, value: str) -> Text:
    return Text.assemble((f"  {name:<19}", "dim"), (value, "bold" if name == "Password" else ""))


def own_name() -> str:
    """How this very command is typed where it stands: `chimera` when the PATH has it, else the way to it."""
    if shutil.which("chimera"):
        return "chimera"
    program = Path(sys.argv[0]).resolve()
    if program.name == "chimera":
        return os.path.relpath(program)
    return f"{os.path.relpath(sys.executable)} -m cli"
