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


def object_of(typed: str, what: str) -> dict[str, JsonValue]:
    """Read a JSON object that was typed, or that is in the named file. Raises WrongUsage."""
    # Imported here, because help loads this file but reads nothing.
    from pydantic_core import from_json

    if typed.lstrip().startswith("{"):
        try:
            found = from_json(typed)
        except ValueError as error:
            raise WrongUsage(f"{what} can't be read as JSON: {error}.") from None
    else:
        found = json_of(Path(typed), what)
    if not isinstance(found, dict):
        raise WrongUsage(f"{what} must be a JSON object, such as {{}}.")
    return found
