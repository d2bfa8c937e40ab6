"""What `up` prints about the console, which a first start builds in the background."""

import asyncio

from api.console_files import FOLDER, Build, build_of, log_of

WATCH_S = 1.0


def is_built() -> bool:
    return (FOLDER / "index.html").exists()


def state_at(address: str) -> str:
    """Return what to print beside the word "Console" when the stack is ready."""
    if build_of() is Build.RUNNING:
        again = " again, because its sources have changed" if is_built() else ""
        return f"{address}   (being built{again}; this takes a few minutes, and everything else works already)"
    return address if is_built() else f"not built. {_reason()}"


async def outcome(address: str) -> str | None:
    """Wait until a running build has ended, and return its outcome; None if there was no build."""
    if build_of() is not Build.RUNNING:
        return None
    while build_of() is Build.RUNNING:
        await asyncio.sleep(WATCH_S)
    if build_of() is Build.NONE and is_built():
        return f"The console is ready: {address}"
    return f"The console wasn't built. {_reason()}"


def _reason() -> str:
    """Return the last line of the log of a failed build, or how to build."""
    try:
        lines = log_of().read_text("utf-8", "replace").split("\n")
    except OSError:
        lines = []
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"{said} Details: {log_of()}" if said else "To build it, run: make console"
