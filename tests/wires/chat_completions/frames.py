"""Events of a chat completion: https://platform.openai.com/docs/api-reference/chat-streaming."""

import json
from typing import Any

from tests.wires import sse

Chunk = dict[str, Any] | list[Any] | str
"""An event's data. Strings are sent unchanged."""
DONE = "[DONE]"
USAGE: dict[str, Any] = {
    "id": "c",
    "choices": [],
    "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
}


def chunk(delta: Any = None, finish: Any = None, **more: Any) -> dict[str, Any]:
    """Return a chunk with one choice. If no delta is given, the choice has none."""
    choice = {"index": 0, "finish_reason": finish, **({} if delta is None else {"delta": delta})}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more}


def piece(text: Any) -> dict[str, Any]:
    return chunk({"content": text})


def call(arguments: Any, name: Any = "calculator", **part: Any) -> dict[str, Any]:
    return {"type": "function", **part, "function": {"name": name, "arguments": arguments}}


def calls(*made: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": list(made)})


def framed(part: Chunk) -> str:
    return sse.framed(part)


def whole(message: dict[str, Any], finish: Any = "stop", **more: Any) -> str:
    """Return a completion that wasn't streamed."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": USAGE["usage"], **more})
