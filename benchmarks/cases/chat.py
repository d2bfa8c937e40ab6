"""Chat completions in pieces, to be put together wrongly."""

import json
from typing import Any

from benchmarks.cases.case import Answer

Chunk = dict[str, Any] | list[Any] | str
USAGE = {"id": "c", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}
SPENT = 1800
"""What those tokens cost."""
DONE = "[DONE]"
FIRST, SECOND = '{"expression": "17*23"}', '{"expression": "6*7"}'
BOTH = ("391", "42")
"""What the calculator makes of them."""


def chunk(delta: Any = None, finish: Any = None, **more: Any) -> dict[str, Any]:
    """One chunk with one choice; without a delta the choice has none."""
    choice = {"index": 0, "finish_reason": finish, **({} if delta is None else {"delta": delta})}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more}


def piece(text: Any) -> dict[str, Any]:
    return chunk({"content": text})


def call(arguments: Any, name: Any = "calculator", **part: Any) -> dict[str, Any]:
    return {"type": "function", **part, "function": {"name": name, "arguments": arguments}}


def calls(*made: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": list(made)})


def framed(part: Chunk) -> str:
    return f"data: {part if isinstance(part, str) else json.dumps(part)}\n\n"


def stream(*parts: Chunk, done: bool = True, **answer: Any) -> Answer:
    """Send chunks (text goes out as the data of an event), and `[DONE]` behind them."""
    return Answer("".join(map(framed, (*parts, DONE) if done else parts)), **answer)


def said(text: str, finish: Any = "stop", **answer: Any) -> Answer:
    """A usual, whole answer."""
    return stream(piece(text), chunk({}, finish), USAGE, **answer)


def asking(*parts: Chunk, finish: Any = "tool_calls") -> Answer:
    """An answer of tool calls."""
    return stream(*parts, chunk({}, finish), USAGE)


def whole(message: dict[str, Any], finish: Any = "stop", **more: Any) -> str:
    """A completion that wasn't streamed."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": USAGE["usage"], **more})


def refused(status: int, body: Any, *, media_type: str = "application/json", **headers: str) -> Answer:
    """A refusal; headers are written with _ for -."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(text, status, media_type, {name.replace("_", "-"): value for name, value in headers.items()})
