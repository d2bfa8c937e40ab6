"""Translates Anthropic's requests to chat completions, and the answers back to Anthropic's events."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.wires.anthropic.frames import (
    ERRORS,
    STOPS,
    Event,
    arguments_of,
    block_start,
    block_stop,
    delta,
    error,
    event,
    framed,
    read,
    start,
    stop,
    text_of,
    tool_use,
    written,
)
from tests.wires.gateway.pieces import Arguments, Begin, BrokenJson, End, Piece, Text, ToolCall
from tests.wires.gateway.translation import Chat, Refusal, Writer


class AnthropicWire:
    path = "/v1/messages"
    key_header = "authorization"

    def chat_of(self, body: dict[str, Any], model: str | None) -> Chat:
        if body["stream"] is not True:
            raise ValueError("only streams are translated")
        system = "".join(block["text"] for block in body.get("system", ()))
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        for turn in body["messages"]:
            messages += _own_turn(turn) if turn["role"] == "assistant" else _users_turn(turn)
        chat: Chat = {
            "model": body["model"],
            "messages": messages,
            "max_completion_tokens": body["max_tokens"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if "tools" in body:
            chat["tools"] = [_tool(tool) for tool in body["tools"]]
        if "tool_choice" in body:
            chat["tool_choice"] = body["tool_choice"]["type"]
        if "format" in body.get("output_config", {}):
            schema = body["output_config"]["format"]["schema"]
            chat["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return chat

    def writer(self, model: str) -> Writer:
        return _Writer(model)

    def refusal(self, status: int, message: str, retry_after: str | None) -> Refusal:
        kind = ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return Refusal(error(kind, message)[1], {"retry-after": retry_after} if retry_after else {})


class _Writer:
    """Writes text and each call as blocks, numbered in order. Only one block is open at a time."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = -1
        self._open: str | None = None

    def write(self, piece: Piece) -> bytes:
        if isinstance(piece, BrokenJson):
            return b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": \n\n'
        return "".join(map(framed, self._events(piece))).encode()

    def _events(self, piece: Piece) -> Sequence[Event]:
        match piece:
            case Begin(id=answer_id):
                # Without token counts: the simulator reports these only at the end, or not at all.
                return [start({}, id=f"msg_{answer_id}", model=self._model)]
            case Text(text=words):
                begun = [] if self._open == "text" else self._begun({"type": "text", "text": ""})
                return [*begun, delta(self._index, text_of(words))]
            case ToolCall(id=call_id, name=name):
                return self._begun(tool_use(call_id, name))
            case Arguments(text=words):
                return [delta(self._index, arguments_of(words))]
            case End(reason=reason, usage=usage):
                counted = None if usage is None else read(usage) | written(usage)
                return [*self._closed(), *stop(STOPS.get(reason, reason), counted)]
            case _:
                return [event("content_block_delta", index="none", delta="Not what the protocol says.")]

    def _begun(self, content: dict[str, Any]) -> list[Event]:
        closed = self._closed()
        self._index += 1
        self._open = str(content["type"])
        return [*closed, block_start(self._index, content)]

    def _closed(self) -> list[Event]:
        if self._open is None:
            return []
        self._open = None
        return [block_stop(self._index)]


def _own_turn(turn: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an assistant's turn as one message."""
    text, calls = "", []
    for block in turn["content"]:
        match block["type"]:
            case "text":
                text += block["text"]
            case "tool_use":
                function = {"name": block["name"], "arguments": json.dumps(block["input"])}
                calls.append({"id": block["id"], "type": "function", "function": function})
            case other:
                raise ValueError(f"no block {other!r} is translated")
    return [{"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}]


def _users_turn(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the messages from which a user's turn was made: results and texts, one by one."""
    for block in turn["content"]:
        match block["type"]:
            case "text":
                yield {"role": "user", "content": block["text"]}
            case "tool_result":
                yield {"role": "tool", "content": block.get("content", ""), "tool_call_id": block["tool_use_id"]}
            case other:
                raise ValueError(f"no block {other!r} is translated")


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool["name"], "description": tool.get("description", ""), "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}
