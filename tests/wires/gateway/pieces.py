"""The simulator's streamed answer in pieces, before they are written in a vendor's form."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from models.usage import Usage


@dataclass(frozen=True, slots=True)
class Begin:
    """The answer begins; none of its content has arrived yet."""

    id: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool is called; its arguments follow."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """A part of the JSON text of the last call's arguments."""

    text: str


@dataclass(frozen=True, slots=True)
class BrokenJson:
    """An event whose data isn't JSON."""


@dataclass(frozen=True, slots=True)
class OtherShape:
    """An event whose data is JSON that isn't part of the protocol."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a complete answer. An answer that breaks off has none."""

    reason: str
    """OpenAI's name for the reason: stop, length, tool_calls or content_filter."""
    usage: Usage | None


Piece = Begin | Text | ToolCall | Arguments | BrokenJson | OtherShape | End


async def pieces_of(lines: AsyncIterator[str]) -> AsyncIterator[Piece]:
    """Read server-sent events as they arrive. The reason and the usage arrive separately; `End` combines them."""
    reason, usage = "", None
    async for line in lines:
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            yield End(reason, usage)
        elif data:
            try:
                chunk = json.loads(data)
            except ValueError:
                yield BrokenJson()
                continue
            if not isinstance(chunk["choices"], list):
                yield OtherShape()
                continue
            if chunk["usage"] is not None:
                usage = Usage(
                    input_tokens=chunk["usage"]["prompt_tokens"], output_tokens=chunk["usage"]["completion_tokens"]
                )
            for choice in chunk["choices"]:
                reason = choice["finish_reason"] or reason
                for piece in _pieces_in(chunk["id"], choice["delta"]):
                    yield piece


def _pieces_in(answer_id: str, delta: dict[str, Any]) -> Iterator[Piece]:
    if "role" in delta:
        yield Begin(answer_id)
    if delta.get("content"):
        yield Text(delta["content"])
    for call in delta.get("tool_calls", ()):
        if "id" in call:
            yield ToolCall(call["id"], call["function"]["name"])
        if call["function"]["arguments"]:
            yield Arguments(call["function"]["arguments"])
