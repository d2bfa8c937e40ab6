"""Anthropic's Messages API."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from anthropic.types import MessageParam
from pydantic import TypeAdapter

from chimera.providers.base import ToolRequest
from models.usage import Usage
from tests.chimera.providers.wires.base import KEY, Conversation, Heard, Kind, Said, Stop, event

SIGNATURE = b64encode(b"signed by anthropic").decode()
_STOPS: dict[Stop, str] = {"stop": "end_turn", "length": "max_tokens", "refused": "refusal", "strange": "surprise"}
_REFUSALS: dict[Kind, tuple[int, str]] = {
    "bad_request": (400, "invalid_request_error"),
    "wrong_key": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "no_quota": (402, "billing_error"),
    "unknown_model": (404, "not_found_error"),
    "context_too_long": (400, "invalid_request_error"),
    "rate_limited": (429, "rate_limit_error"),
    "timeout": (408, "timeout_error"),
    "conflict": (409, "conflict_error"),
    "internal": (500, "api_error"),
    "overloaded": (529, "overloaded_error"),
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

    def told(self, said: Said) -> Sequence[bytes]:
        frames = [_event("message_start", message={"id": said.id, "usage": _read(said.usage)})]
        blocks: list[list[bytes]] = []
        if said.thoughts or said.signed:
            blocks.append(_thinking(len(blocks), said))
        if said.pieces:
            deltas = [{"type": "text_delta", "text": piece} for piece in said.pieces]
            blocks.append(_block(len(blocks), {"type": "text", "text": ""}, deltas))
        for call in said.calls:
            blocks.append(_call(len(blocks), call))
        frames += [frame for block in blocks for frame in block]
        if said.stop is None:
            # Without the end of the block, and the second half of a call's arguments.
            return frames[:-2] if said.calls else frames[:-1] if blocks else frames
        reason = "tool_use" if said.calls and said.stop == "stop" else _STOPS[said.stop]
        end = _event("message_delta", delta={"stop_reason": reason}, usage=_written(said.usage))
        return [*frames, end, _event("message_stop")]

    def refused(self, kind: Kind, words: str) -> tuple[int, Any]:
        status, type_ = _REFUSALS[kind]
        message = f"prompt is too long: {words}" if kind == "context_too_long" else words
        return status, {"type": "error", "error": {"type": type_, "message": message}}

    def broken_by(self, kind: Kind) -> bytes:
        return _event("error", error={"type": _REFUSALS[kind][1], "message": "It's us"})

    def listed(self, names: Sequence[str]) -> Any:
        data = [{"type": "model", "id": name, "lifecycle": "active"} for name in names]
        retired = {"type": "model", "id": "claude-1", "lifecycle": "retired"}
        return {"data": [*data, retired], "has_more": False, "first_id": "a", "last_id": "z"}

    def heard(self, body: Any, target: str) -> Heard:
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
        return Heard(
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


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def _block(index: int, begun: dict[str, Any], deltas: Sequence[dict[str, Any]]) -> list[bytes]:
    begin = _event("content_block_start", index=index, content_block=begun)
    end = _event("content_block_stop", index=index)
    return [begin, *(_event("content_block_delta", index=index, delta=delta) for delta in deltas), end]


def _thinking(index: int, said: Said) -> list[bytes]:
    deltas = [{"type": "thinking_delta", "thinking": thought} for thought in said.thoughts]
    signature = {"type": "signature_delta", "signature": SIGNATURE}
    begun = {"type": "thinking", "thinking": "", "signature": ""}
    return _block(index, begun, [*deltas, signature] if said.signed else deltas)


def _call(index: int, call: ToolRequest) -> list[bytes]:
    middle = len(call.arguments) // 2
    pieces = (call.arguments[:middle], call.arguments[middle:])
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return _block(index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas)


def _read(usage: Usage | None) -> dict[str, int]:
    if usage is None:
        return {}
    fresh = usage.input_tokens - usage.cached_input_tokens
    return {"input_tokens": fresh, "cache_read_input_tokens": usage.cached_input_tokens, "output_tokens": 1}


def _written(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    return {
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _take(talk: Conversation, turn: Any) -> list[str]:
    assert turn["content"], "a turn may not be empty"
    kinds = [block["type"] for block in turn["content"]]
    assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result") or turn["role"] == "assistant", kinds
    state = []
    for block in turn["content"]:
        match block["type"]:
            case "text":
                assert block["text"].strip()
                talk.say(turn["role"], block["text"])
            case "thinking":
                assert block["signature"] == SIGNATURE, "signed by somebody else"
                state.append(block["thinking"])
            case "tool_use":
                assert re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]), block["id"]
                talk.call(block["id"], block["name"], block["input"])
            case "tool_result":
                talk.result(block["tool_use_id"], block.get("content", ""))
            case "image":
                talk.items.append(("image", block["source"]["media_type"], block["source"]["data"]))
            case other:
                raise AssertionError(other)
    assert turn["role"] == "assistant" or not talk.open_calls, "results have to come in the turn after their calls"
    return state


@cache
def _messages() -> TypeAdapter[list[MessageParam]]:
    return TypeAdapter(list[MessageParam])
