"""Files that a command is given."""

import asyncio
from pathlib import Path

from cli.errors import WrongUsage


async def bytes_of(path: Path) -> bytes:
    """Read a file. Raises WrongUsage naming it."""
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise WrongUsage(f"{str(path)!r} can't be read ({error.strerror}).") from error
    if not data:
        raise WrongUsage(f"{str(path)!r} is empty; name a file with something in it.")
    return data
