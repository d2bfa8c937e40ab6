"""Anthropic's Messages API in events, to be put together wrongly."""

import json
from typing import Any

from benchmarks.cases.case import Answer

Event = tuple[str, dict[str, Any]]
START_USAGE = {"input_tokens": 11, "output_tokens": 1}


def event(kind: str, **fields: Any) -> Event:
    return kind, {"type": kind, **fields}


def start(usage: Any = START_USAGE, **message: Any) -> Event:
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    return event(
        "message_start", message={**begun, "stop_reason": None, "stop_sequence": None, "usage": usage, **message}
    )


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> tuple[Event, ...]:
    """A block from its start to its end."""
    return (
        event("content_block_start", index=index, content_block=content),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    )


def text(words: str, index: int = 0) -> tuple[Event, ...]:
    return block(index, {"type": "text", "text": ""}, {"type": "text_delta", "text": words})


def tool(arguments: str, id: Any = "toolu_1", index: int = 0) -> tuple[Event, ...]:
    begun = {"type": "tool_use", "id": id, "name": "calculator", "input": {}}
    return block(index, begun, {"type": "input_json_delta", "partial_json": arguments})


def stop(reason: Any = "end_turn", usage: Any = {"output_tokens": 7}, **delta: Any) -> tuple[Event, ...]:  # noqa: B006
    told = {} if usage is None else {"usage": usage}
    return event("message_delta", delta={"stop_reason": reason, "stop_sequence": None, **delta}, **told), event(
        "message_stop"
    )


def framed(each: Event) -> str:
    return f"event: {each[0]}\ndata: {json.dumps(each[1])}\n\n"


def stream(*events: Event, **answer: Any) -> Answer:
    return Answer("".join(map(framed, events)), **answer)


def said(words: str, reason: Any = "end_turn", **answer: Any) -> Answer:
    """A usual, whole answer."""
    return stream(start(), *text(words), *stop(reason), **answer)


def asking(*tools: tuple[Event, ...]) -> Answer:
    """An answer of tool calls."""
    return stream(start(), *(each for made in tools for each in made), *stop("tool_use"))


def refused(status: int, kind: str, words: str, **headers: str) -> Answer:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": words}})
    return Answer(body, status, "application/json", {name.replace("_", "-"): value for name, value in headers.items()})
