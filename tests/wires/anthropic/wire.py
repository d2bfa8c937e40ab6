"""Anthropic's Messages API."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from anthropic.types import MessageParam
from pydantic import TypeAdapter

from chimera.providers.base import ToolRequest
from tests.wires.anthropic.frames import (
    ERRORS,
    STOPS,
    Event,
    arguments_of,
    block,
    error,
    framed,
    read,
    start,
    stop,
    text_of,
    tool_use,
    written,
)
from tests.wires.base import KEY, Conversation, Kind, ModelAnswer, ReceivedRequest, Stop
from tests.wires.sse import event

SIGNATURE = b64encode(b"signed by anthropic").decode()
_STOPS: dict[Stop, str] = {
    "stop": STOPS["stop"],
    "length": STOPS["length"],
    "refused": STOPS["content_filter"],
    "strange": "surprise",
}
_STATUSES: dict[Kind, int] = {
    "bad_request": 400,
    "wrong_key": 401,
    "forbidden": 403,
    "no_quota": 402,
    "unknown_model": 404,
    "context_too_long": 400,
    "rate_limited": 429,
    "timeout": 408,
    "conflict": 409,
    "internal": 500,
    "overloaded": 529,
}


class Anthropic:
    name = "anthropic"
    sdk = "anthropic"
    model = "claude-sonnet-4-6"
    sends_state = True
    keeps_tools = True
    takes_temperature = False
    settings: Mapping[str, object] = MappingProxyType({"anthropic_api_key": KEY})
    address_setting = "anthropic_base_url"
    path = ""
    call_ids = ("toolu_01A09q90qw90lq917835lq9", "toolu_01B19q90qw90lq917835lr0", "toolu_01C29q90qw90lq917835ls1")
    keep_alive = event({"type": "ping"}, "ping")

    def framed(self, data: bytes) -> bytes:
        return b"event: message_delta\ndata: " + data + b"\n\n"

    def frames_of(self, answer: ModelAnswer) -> Sequence[bytes]:
        blocks: list[Sequence[Event]] = []
        if answer.thoughts or answer.signed:
            blocks.append(_thinking(len(blocks), answer))
        if answer.pieces:
            blocks.append(block(len(blocks), {"type": "text", "text": ""}, *map(text_of, answer.pieces)))
        for call in answer.calls:
            blocks.append(_call(len(blocks), call))
        events = [
            start(read(answer.usage) | {"output_tokens": 1} if answer.usage else {}, id=answer.id),
            *chain.from_iterable(blocks),
        ]
        if answer.stop is None:
            # Leave out the end of the block and, for a call, the second half of its arguments.
            events = events[:-2] if answer.calls else events[:-1] if blocks else events
        else:
            reason = STOPS["tool_calls"] if answer.calls and answer.stop == "stop" else _STOPS[answer.stop]
            events += stop(reason, written(answer.usage) if answer.usage else {})
        return [framed(each).encode() for each in events]

    def refused(self, kind: Kind, words: str) -> tuple[int, Any]:
        status = _STATUSES[kind]
        message = f"prompt is too long: {words}" if kind == "context_too_long" else words
        return status, error(ERRORS[status], message)[1]

    def broken_by(self, kind: Kind) -> bytes:
        return framed(error(ERRORS[_STATUSES[kind]], "It's us")).encode()

    def listed(self, names: Sequence[str]) -> Any:
        data = [{"type": "model", "id": name, "lifecycle": "active"} for name in names]
        retired = {"type": "model", "id": "claude-1", "lifecycle": "retired"}
        return {"data": [*data, retired], "has_more": False, "first_id": "a", "last_id": "z"}

    def parse(self, body: Any, target: str) -> ReceivedRequest:
        assert target == "/v1/messages", target
        assert body["stream"] is True
        _messages().validate_python(body["messages"])
        roles = [turn["role"] for turn in body["messages"]]
        assert roles == [["user", "assistant"][index % 2] for index in range(len(roles))], roles
        talk = Conversation()
        ids = [block["id"] for turn in body["messages"] for block in turn["content"] if block["type"] == "tool_use"]
        assert len(ids) == len(set(ids)), "an id may come once in a conversation"
        state: list[str] = []
        for turn in body["messages"]:
            state += _take(talk, turn)
        output = body.get("output_config", {})
        choice = body.get("tool_choice", {"type": "auto"})
        return ReceivedRequest(
            model=body["model"],
            system="".join(block["text"] for block in body.get("system", ())),
            items=talk.done(),
            tools=tuple(tool["name"] for tool in body.get("tools", ())),
            may_call="tools" in body and choice == {"type": "auto"},
            schema=output["format"]["schema"] if "format" in output else None,
            max_output_tokens=body["max_tokens"],
            effort=output.get("effort"),
            temperature=body.get("temperature"),
            state="".join(state),
        )

    def key_in(self, headers: Mapping[str, str]) -> str:
        assert headers["authorization"] == f"Bearer {KEY}"
        return KEY


def _thinking(index: int, answer: ModelAnswer) -> Sequence[Event]:
    deltas = [{"type": "thinking_delta", "thinking": thought} for thought in answer.thoughts]
    signature = [{"type": "signature_delta", "signature": SIGNATURE}] if answer.signed else []
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas, *signature)


def _call(index: int, call: ToolRequest) -> Sequence[Event]:
    middle = len(call.arguments) // 2
    pieces = (call.arguments[:middle], call.arguments[middle:])
    return block(index, tool_use(call.id, call.name), *map(arguments_of, pieces))


def _take(talk: Conversation, turn: Any) -> list[str]:
    assert turn["content"], "a turn may not be empty"
    kinds = [block["type"] for block in turn["content"]]
    assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result") or turn["role"] == "assistant", kinds
    state = []
    for each in turn["content"]:
        match each["type"]:
            case "text":
                assert each["text"].strip()
                talk.add_message(turn["role"], each["text"])
            case "thinking":
                assert each["signature"] == SIGNATURE, "signed by another vendor"
                state.append(each["thinking"])
            case "tool_use":
                assert re.fullmatch(r"[a-zA-Z0-9_-]+", each["id"]), each["id"]
                talk.call(each["id"], each["name"], each["input"])
            case "tool_result":
                talk.result(each["tool_use_id"], each.get("content", ""))
            case "image":
                talk.items.append(("image", each["source"]["media_type"], each["source"]["data"]))
            case other:
                raise AssertionError(other)
    assert turn["role"] == "assistant" or not talk.open_calls, "results have to come in the turn after their calls"
    return state


@cache
def _messages() -> TypeAdapter[list[MessageParam]]:
    return TypeAdapter(list[MessageParam])
