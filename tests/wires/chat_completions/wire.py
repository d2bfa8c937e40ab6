"""Chat completions, as implemented by OpenAI, users' own servers and the simulator."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from chimera.providers.base import ToolRequest
from models.usage import Usage
from tests.wires.base import KEY, Conversation, Kind, ModelAnswer, ReceivedRequest, Stop
from tests.wires.chat_completions.frames import DONE, USAGE, call, calls, chunk, framed, piece
from tests.wires.sse import event

MAX_ID_CHARS = 40
"""OpenAI's limit: https://github.com/vllm-project/vllm/issues/22966"""
_STOPS: dict[Stop, str] = {"stop": "stop", "length": "length", "refused": "content_filter", "strange": "surprise"}
_REFUSALS: dict[Kind, tuple[int, str, str]] = {
    "bad_request": (400, "invalid_request_error", "invalid_value"),
    "wrong_key": (401, "invalid_request_error", "invalid_api_key"),
    "forbidden": (403, "permission_error", "unsupported_country"),
    "no_quota": (429, "insufficient_quota", "insufficient_quota"),
    "unknown_model": (404, "invalid_request_error", "model_not_found"),
    "context_too_long": (400, "invalid_request_error", "context_length_exceeded"),
    "rate_limited": (429, "requests", "rate_limit_exceeded"),
    "timeout": (408, "server_error", ""),
    "conflict": (409, "server_error", ""),
    "internal": (500, "server_error", ""),
    "overloaded": (503, "server_error", "overloaded"),
}


class Chat:
    """The chat-completions wire. `model` and settings differ by server."""

    sdk = "openai"
    sends_state = False
    keep_alive = b": keep-alive\n\n"

    def __init__(
        self,
        name: str,
        model: str,
        address_setting: str,
        path: str,
        limit_field: str,
        call_ids: tuple[str, str, str] = ("call_8PzQ2vYx", "call_Lm3nB7kd", "call_Zt5rW1qa"),
    ) -> None:
        self.name = name
        self.model = model
        self.takes_temperature = name != "openai"
        self.keeps_tools = name != "local"
        self.address_setting = address_setting
        self.path = path
        self.call_ids = call_ids
        self.settings: Mapping[str, object] = {} if name == "simulator" else {f"{name}_api_key": KEY}
        self._key = "simulated" if name == "simulator" else KEY
        self._limit_field = limit_field

    def framed(self, data: bytes) -> bytes:
        return b"data: " + data + b"\n\n"

    def frames_of(self, answer: ModelAnswer) -> Sequence[bytes]:
        chunks = [chunk({"role": "assistant", "content": ""})]
        # Servers of open models send this; OpenAI sends no thoughts on this wire.
        chunks += [chunk({"reasoning_content": thought}) for thought in answer.thoughts]
        chunks += map(piece, answer.pieces)
        for index, made in enumerate(answer.calls):
            chunks += _call(index, made)
        if answer.stop is None:
            return _sent(answer, chunks[:-1] if answer.calls else chunks)
        reason = "tool_calls" if answer.calls and answer.stop == "stop" else _STOPS[answer.stop]
        chunks.append(chunk({}, reason))
        if answer.usage is not None:
            chunks.append({**USAGE, "usage": _usage(answer.usage)})
        return [*_sent(answer, chunks), framed(DONE).encode()]

    def refused(self, kind: Kind, words: str) -> tuple[int, Any]:
        status, type_, code = _REFUSALS[kind]
        return status, {"error": {"message": words, "type": type_, "param": None, "code": code or None}}

    def broken_by(self, kind: Kind) -> bytes:
        _, type_, code = _REFUSALS[kind]
        return event({"error": {"message": "It's us", "type": type_, "code": code or None}})

    def listed(self, names: Sequence[str]) -> Any:
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}

    def parse(self, body: Any, target: str) -> ReceivedRequest:
        assert target.endswith("/chat/completions"), target
        assert body["stream"] is True
        assert body["stream_options"] == {"include_usage": True}
        _messages().validate_python(body["messages"])
        talk = Conversation()
        system = ""
        for message in body["messages"]:
            if message["role"] == "system":
                system = message["content"]
            else:
                _take(talk, message)
        form = body.get("response_format")
        return ReceivedRequest(
            model=body["model"],
            system=system,
            items=talk.done(),
            tools=tuple(tool["function"]["name"] for tool in body.get("tools", ())),
            may_call="tools" in body and body.get("tool_choice", "auto") == "auto",
            schema=form["json_schema"]["schema"] if form else None,
            max_output_tokens=body[self._limit_field],
            effort=body.get("reasoning_effort"),
            temperature=body.get("temperature"),
            state="",
        )

    def key_in(self, headers: Mapping[str, str]) -> str:
        assert headers["authorization"] == f"Bearer {self._key}"
        return self._key


def _sent(answer: ModelAnswer, chunks: Sequence[dict[str, Any]]) -> list[bytes]:
    return [framed({**each, "id": answer.id, "usage": each.get("usage")}).encode() for each in chunks]


def _call(index: int, made: ToolRequest) -> list[dict[str, Any]]:
    """Return the name first, then the arguments in two pieces."""
    middle = len(made.arguments) // 2
    pieces = (made.arguments[:middle], made.arguments[middle:])
    named = call("", made.name, index=index, id=made.id)
    return [calls(part) for part in (named, *({"index": index, "function": {"arguments": each}} for each in pieces))]


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _take(talk: Conversation, message: Any) -> None:
    assert set(message) <= {"role", "content", "tool_calls", "tool_call_id"}, message
    if message["role"] == "tool":
        talk.result(message["tool_call_id"], message["content"])
        return
    assert not talk.open_calls, "a call stands without its result"
    content = message["content"]
    for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        if part["type"] == "text":
            talk.add_message(message["role"], part["text"])
        else:
            head, _, data = part["image_url"]["url"].partition(";base64,")
            talk.items.append(("image", head.removeprefix("data:"), data))
    for made in message.get("tool_calls", ()):
        assert 0 < len(made["id"]) <= MAX_ID_CHARS, made["id"]
        talk.call(made["id"], made["function"]["name"], json.loads(made["function"]["arguments"]))


@cache
def _messages() -> TypeAdapter[list[ChatCompletionMessageParam]]:
    return TypeAdapter(list[ChatCompletionMessageParam])
