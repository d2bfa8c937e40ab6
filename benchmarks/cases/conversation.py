"""The results and ids of the tool calls in a request, on each wire."""

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.cases.case import Wire


def results_in(wire: Wire, body: dict[str, Any]) -> tuple[str, ...]:
    """Return the results of the tool calls, in the order of the conversation."""
    return tuple(text for kind, text in _parts(wire, body) if kind == "result")


def ids_in(wire: Wire, body: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids of the tool calls, in the order of the conversation."""
    return tuple(text for kind, text in _parts(wire, body) if kind == "id")


def _parts(wire: Wire, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    match wire:
        case "openai":
            for message in body.get("messages", ()):
                yield from (("id", str(call.get("id") or "")) for call in message.get("tool_calls") or ())
                if message["role"] == "tool":
                    yield "result", _text(message["content"])
        case "anthropic":
            messages = [message["content"] for message in body.get("messages", ())]
            blocks = [block for content in messages if isinstance(content, list) for block in content]
            for block in blocks:
                if block["type"] == "tool_use":
                    yield "id", str(block["id"] or "")
                elif block["type"] == "tool_result":
                    yield "result", _text(block.get("content", ""))
        case "google":
            for part in (part for content in body.get("contents", ()) for part in content["parts"]):
                if "functionCall" in part:
                    yield "id", str(part["functionCall"].get("id") or "")
                elif "functionResponse" in part:
                    response = part["functionResponse"]["response"]
                    yield "result", _text(next(iter(response.values()), ""))


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(block.get("text", "") for block in content)
    return content if isinstance(content, str) else json.dumps(content)
