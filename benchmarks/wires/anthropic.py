"""Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.wires.pieces import Arguments, Begin, BrokenJson, End, OtherShape, Piece, Text, ToolCall, Usage
from benchmarks.wires.vendor import Chat, Refusal, Writer

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


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
        kind = _ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
        body = {"type": "error", "error": {"type": kind, "message": message}}
        return Refusal(body, {"retry-after": retry_after} if retry_after else {})


class _Writer:
    """Text and each call are blocks, numbered in order; one is open at a time."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = -1
        self._open: str | None = None

    def write(self, piece: Piece) -> bytes:
        match piece:
            case Begin(id=answer_id):
                return self._begun(answer_id)
            case Text(text=text):
                begun = b"" if self._open == "text" else self._block({"type": "text", "text": ""})
                return begun + self._delta({"type": "text_delta", "text": text})
            case ToolCall(id=call_id, name=name):
                return self._block({"type": "tool_use", "id": call_id, "name": name, "input": {}})
            case Arguments(text=text):
                return self._delta({"type": "input_json_delta", "partial_json": text})
            case BrokenJson():
                return b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": \n\n'
            case OtherShape():
                return _event("content_block_delta", index="none", delta="Not what the protocol says.")
            case End(reason=reason, usage=usage):
                return self._closed() + self._end(reason, usage)

    def _begun(self, answer_id: str) -> bytes:
        """Without figures: the simulator tells what it counted at the end alone, or not at all."""
        message: dict[str, object] = {
            "id": f"msg_{answer_id}",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {},
        }
        return _event("message_start", message=message)

    def _block(self, begun: Mapping[str, object]) -> bytes:
        closed = self._closed()
        self._index += 1
        self._open = str(begun["type"])
        return closed + _event("content_block_start", index=self._index, content_block=begun)

    def _delta(self, delta: Mapping[str, object]) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)

    def _closed(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)

    def _end(self, reason: str, usage: Usage | None) -> bytes:
        delta = {"stop_reason": _REASONS.get(reason, reason), "stop_sequence": None}
        told = {} if usage is None else {"usage": _figures(usage)}
        return _event("message_delta", delta=delta, **told) + _event("message_stop")


def _own_turn(turn: dict[str, Any]) -> list[dict[str, Any]]:
    """A turn of the assistant as one message."""
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
    """A turn of the user as the messages that it was made of: results, and what a person said, one by one."""
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


def _figures(usage: Usage) -> dict[str, int]:
    cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return {"input_tokens": usage.input_tokens, **cached, "output_tokens": usage.output_tokens}


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
