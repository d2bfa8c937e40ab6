"""Reads the files that are passed to a command."""

import asyncio
from pathlib import Path

from pydantic import JsonValue

from chimera.content.text_files import NotReadable, json_in
from cli.errors import WrongUsage


async def bytes_of(path: Path) -> bytes:
    """Read a file. Raises WrongUsage, which names the file."""
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise WrongUsage(f"The file {str(path)!r} can't be read ({error.strerror}).") from error
    if not data:
        raise WrongUsage(f"The file {str(path)!r} is empty. Choose another file.")
    return data


def json_of(path: Path, what: str) -> JsonValue:
    """Read a JSON file. Raises WrongUsage, which names the file and `what` it contains."""
    try:
        return json_in(path)
    except OSError as error:
        raise WrongUsage(f"{what} in {str(path)!r} can't be read: {error.strerror}.") from None
    except NotReadable as error:
        raise WrongUsage(f"{what} in {str(path)!r} {error}") from None
