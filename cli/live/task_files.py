"""Saves the files of a task in a folder.

The names come from a server, so they are checked here again: no file is written outside the folder, not even through a
link in it.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from chimera.content.file_names import problem_of
from cli.errors import WrongUsage
from cli.http.client import Client
from cli.http.trouble import Trouble, retry_until_answered
from cli.live.following import PATIENCE_S
from cli.output.prose import print_note
from models.files import FileView
from models.ids import FileId


async def save_files(client: Client, files: Sequence[FileView], folder: Path, *, force: bool) -> None:
    """Write files to their names in a folder. Raises WrongUsage, before anything is written if a name can't be used."""
    places = [_place_of(file.name, folder, force=force) for file in files]
    for file, place in zip(files, places, strict=True):
        data = await _bytes_of(client, file.id)
        try:
            await asyncio.to_thread(_write, place, data, force=force)
        except OSError as error:
            raise WrongUsage(
                f"{str(place)!r} can't be written ({error.strerror}). Choose another folder. The file is still stored"
                f" on the server as {file.id}."
            ) from error


def _place_of(name: str, folder: Path, *, force: bool) -> Path:
    """Return where a file is saved. Raises WrongUsage."""
    if problem := problem_of(name):
        raise WrongUsage(f"The file {name!r} can't be saved under its name. {problem}")
    place = folder.joinpath(*name.split("/"))
    if not place.resolve().is_relative_to(folder.resolve()):
        raise WrongUsage(f"{str(place)!r} leads out of {str(folder)!r} through a link. Choose another folder.")
    if place.exists() and not force:
        raise WrongUsage(f"{str(place)!r} already exists. Choose another folder, or add --force to replace files.")
    return place


def _write(place: Path, data: bytes, *, force: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb" if force else "xb") as file:
        file.write(data)


async def _bytes_of(client: Client, file_id: FileId) -> bytes:
    return await retry_until_answered(lambda: client.file_content(file_id), Trouble(print_note, PATIENCE_S))
