"""Embed, draw, write down: the result goes to stdout or a file, and what it cost to stderr."""

import asyncio
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from rich.console import Console

from cli.errors import WrongUsage
from cli.http.client import Client
from cli.http.connect import connected
from cli.http.trouble import Trouble, come_through
from cli.input.encodings import text_of
from cli.input.files import bytes_of
from cli.input.settings import where_settings
from cli.live.following import PATIENCE_S
from cli.live.screens import say
from cli.live.waiting import made
from cli.output.bill import marked
from cli.output.printing import print_json
from cli.output.text import plain
from models.ai_calls import AiCallView, EmbeddingsView, ImagesView, ImageView, Operation, TranscriptionView
from models.base import usd
from models.ids import FileId


async def embed(text: str, *, model: str, dimensions: int | None, as_json: bool) -> int:
    body = _said({"model": model, "input": text, "dimensions": dimensions})
    async with connected(where_settings()) as client:
        call = await made(client, Operation.EMBEDDINGS, body, _say)
    print_result(call, as_json=as_json)
    return 0


async def image(
    prompt: str, out: Path | None, *, model: str, size: str | None, as_json: bool, force: bool = False
) -> int:
    """Draw, and write the picture where it belongs; an ending that is another kind's is only a name."""
    out = out or free_name(Path("image.png"))
    check_place(out, force=force)
    body = _said({"model": model, "prompt": prompt, "size": size})
    async with connected(where_settings()) as client:
        call = await made(client, Operation.IMAGES, body, _say)
        await keep_pictures(client, call, out)
    print_result(call, out, as_json=as_json)
    return 0


async def transcribe(audio: Path, *, model: str, language: str | None, prompt: str | None, as_json: bool) -> int:
    data = await bytes_of(audio)
    fields = _said({"model": model, "language": language, "prompt": prompt})
    async with connected(where_settings()) as client:
        call = await made(client, Operation.TRANSCRIPTIONS, fields, _say, file=(text_of(audio.name, "Its name"), data))
    print_result(call, as_json=as_json)
    return 0


def free_name(path: Path) -> Path:
    """Return the path, or with the first number behind its name that no file has."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())


def check_place(out: Path, *, force: bool) -> None:
    """See before anything is paid whether a file can be written there. Raises WrongUsage."""
    if out.is_dir():
        raise WrongUsage(f"{str(out)!r} is a folder; name a file in it, as in {str(out / 'image.png')!r}.")
    if not out.parent.is_dir():
        raise WrongUsage(f"There is no folder {str(out.parent)!r} for the file; make it, or name another.")
    if out.exists() and not force:
        raise WrongUsage(f"{str(out)!r} is there already; name another file, or replace it with --force.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise WrongUsage(f"{str(out)!r} can't be written; name another file, or mend the permissions.")


async def keep_pictures(client: Client, call: AiCallView, out: Path) -> None:
    """Write the pictures of a call: the first into `out`, others beside it with a number. Raises WrongUsage."""
    assert isinstance(call.result, ImagesView)
    for path, picture in zip(places_of(call.result, out), call.result.data, strict=True):
        data = await _bytes_of(client, picture.file_id)
        try:
            await asyncio.to_thread(path.write_bytes, data)
        except OSError as error:
            kept = f"the picture is kept as file {picture.file_id}"
            raise WrongUsage(f"{str(path)!r} can't be written ({error.strerror}); {kept}.") from error


def places_of(images: ImagesView, out: Path) -> list[Path]:
    return [out if index == 0 else out.with_stem(f"{out.stem}-{index + 1}") for index in range(len(images.data))]


def print_result(call: AiCallView, out: Path | None = None, *, as_json: bool) -> None:
    """Print what came of a finished call, and what it cost; `out` is where its pictures were written."""
    if as_json:
        assert call.result is not None
        print_json(call.result)
        return
    match call.result:
        case EmbeddingsView(data=vectors):
            for vector in vectors:
                print(to_json(vector.embedding).decode())
            _tell(call, f"{len(vectors[0].embedding)} dimensions")
        case ImagesView(data=pictures):
            for place in places_of(call.result, out) if out else ():
                print(place)
            _tell(call, "; ".join(_said_of(picture) for picture in pictures))
        case TranscriptionView(text=text, file_id=file_id):
            print(plain(text))
            _tell(call, f"kept as file {file_id}")


async def _bytes_of(client: Client, file_id: FileId) -> bytes:
    return await come_through(lambda: client.file_content(file_id), Trouble(_say, PATIENCE_S))


def _said_of(picture: ImageView) -> str:
    return f"{picture.media_type}, {picture.size_bytes} bytes, kept as file {picture.file_id}"


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _say(line: str) -> None:
    say(Console(stderr=True, highlight=False), line)


def _tell(call: AiCallView, what: str) -> None:
    cost = marked(usd(call.cost_micro_usd), estimated=call.estimated)
    simulated = ", simulated" if call.simulated else ""
    _say(f"{call.model}{simulated}: {what}, {cost}")
