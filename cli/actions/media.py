"""Embed, draw, write down: the result goes to stdout or a file, and what it cost to stderr."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from rich.console import Console

from cli.connect import connected
from cli.errors import WrongUsage
from cli.files import bytes_of
from cli.settings import where_settings
from cli.text import plain
from models.ai_calls import AiCallView, EmbeddingsView, ImagesView, Operation, TranscriptionView
from models.base import usd


async def embed(text: str, *, model: str, dimensions: int | None, as_json: bool) -> int:
    body = _said({"model": model, "input": text, "dimensions": dimensions})
    async with connected(where_settings()) as client:
        call = await client.ai_call(Operation.EMBEDDINGS, body)
    assert isinstance(call.result, EmbeddingsView)
    if as_json:
        print(call.result.model_dump_json(indent=2))
    else:
        vector = call.result.data[0].embedding
        print(to_json(vector).decode())
        _tell(call, f"{len(vector)} dimensions")
    return 0


async def image(prompt: str, out: Path, *, model: str, size: str | None, as_json: bool) -> int:
    """Draw, and write the picture where it belongs; an ending that is another kind's is only a name."""
    if not out.parent.is_dir():
        raise WrongUsage(f"There is no folder {str(out.parent)!r} for the picture; make it, or name another.")
    body = _said({"model": model, "prompt": prompt, "size": size})
    async with connected(where_settings()) as client:
        call = await client.ai_call(Operation.IMAGES, body)
        assert isinstance(call.result, ImagesView)
        picture = call.result.data[0]
        data = await client.file_content(picture.file_id)
    try:
        await asyncio.to_thread(out.write_bytes, data)
    except OSError as error:
        raise WrongUsage(
            f"{str(out)!r} can't be written ({error.strerror}); the picture is kept as file {picture.file_id}."
        ) from error
    if as_json:
        print(call.result.model_dump_json(indent=2))
    else:
        print(out)
        _tell(call, f"{picture.media_type}, {picture.size_bytes} bytes, kept as file {picture.file_id}")
    return 0


async def transcribe(audio: Path, *, model: str, language: str | None, prompt: str | None, as_json: bool) -> int:
    data = await bytes_of(audio)
    fields = _said({"model": model, "language": language, "prompt": prompt})
    async with connected(where_settings()) as client:
        call = await client.ai_call(Operation.TRANSCRIPTIONS, fields, file=(audio.name, data))
    assert isinstance(call.result, TranscriptionView)
    if as_json:
        print(call.result.model_dump_json(indent=2))
    else:
        print(plain(call.result.text))
        _tell(call, f"kept as file {call.result.file_id}")
    return 0


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _tell(call: AiCallView, what: str) -> None:
    cost = f"{'about ' if call.estimated else ''}{usd(call.cost_micro_usd)}"
    simulated = ", simulated" if call.simulated else ""
    Console(stderr=True, highlight=False).print(f"{plain(call.model)}{simulated}: {what}, {cost}", soft_wrap=True)
