"""Lets a user edit a text in the editor of VISUAL or EDITOR."""

import asyncio
import os
import shlex
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from cli.errors import WrongUsage

Apart = Callable[[], AbstractAsyncContextManager[None]]
"""Leaves the terminal to another program while its block runs."""


@asynccontextmanager
async def here() -> AsyncIterator[None]:
    """Leave the terminal as it is."""
    yield


def editor_named() -> str | None:
    """Return the editor that the environment names."""
    return os.environ.get("VISUAL") or os.environ.get("EDITOR") or None


async def edited(text: str, suffix: str) -> str:
    """Return a text as the user has changed it. Raises WrongUsage if there is no editor or it fails."""
    editor = editor_named()
    if editor is None:
        raise WrongUsage("No editor is set. Set VISUAL or EDITOR to the command that starts your editor.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"text{suffix}")
        await asyncio.to_thread(file.write_bytes, text.encode(errors="replace"))
        try:
            process = await asyncio.create_subprocess_exec(*shlex.split(editor), str(file))
        except (OSError, ValueError) as error:
            raise WrongUsage(f"The editor {editor!r} can't be started ({error}).") from None
        if await process.wait():
            raise WrongUsage(f"The editor {editor!r} failed.")
        return (await asyncio.to_thread(file.read_bytes)).decode(errors="replace")
