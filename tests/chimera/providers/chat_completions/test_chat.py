"""Details specific to the chat-completions wire: two names for a limit, strict schemas, calls without index or ID."""

from typing import Any

import pytest

from chimera.providers.base import ChatEnd
from chimera.providers.chat_completions.answers import ChatCompletionsAnswer
from chimera.providers.chat_completions.requests import allows_strict, body_of
from chimera.providers.wire.pieces import Piece
from models import errors
from models.plans import Plan
from tests.chimera.providers.counting import calls_during
from tests.chimera.simulated import CALCULATOR, ask


def test_unset_request_fields_are_not_sent() -> None:
    body = body_of(ask("x"), "max_tokens")
    assert set(body) == {"model", "messages", "max_tokens", "stream", "stream_options"}

    body = body_of(ask("x", temperature=0.0, tools=(CALCULATOR,)), "max_completion_tokens")
    assert body["temperature"] == 0.0
    assert body["max_completion_tokens"] == 2048
    assert body["tools"][0]["function"]["name"] == "calculator"


def test_reasoning_models_get_effort_without_temperature() -> None:
    body = body_of(ask("x", model="gpt-5.6", temperature=0.5, reasoning_effort="low"), "max_completion_tokens")
    assert body["reasoning_effort"] == "low"
    assert "temperature" not in body
    assert body_of(ask("x", model="gpt-4o", temperature=0.5), "max_completion_tokens")["temperature"] == 0.5


def test_strict_mode_needs_a_suitable_schema() -> None:
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert allows_strict(closed)
    assert allows_strict({"type": "array", "items": closed})
    assert not allows_strict(closed | {"required": []})
    assert not allows_strict(closed | {"properties": {"a": {"type": "string", "default": ""}}})
    assert not allows_strict(Plan.model_json_schema())
    sent = body_of(ask("x", response_schema=Plan.model_json_schema()), "max_tokens")["response_format"]
    assert sent["json_schema"]["name"] == "Plan"
    assert sent["json_schema"]["strict"] is False


def test_tool_calls_without_index_or_id_are_put_together() -> None:
    end = _ended(
        {"tool_calls": [{"index": None, "id": "a", "function": {"name": "one", "arguments": "{"}}]},
        {"tool_calls": [{"index": None, "function": {"arguments": "}"}}]},
        {"tool_calls": [{"index": None, "id": "b", "function": {"name": "two", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 5, "function": {"name": "three", "arguments": None}}]},
    )
    assert [(call.id, call.name, call.arguments) for call in end.tool_calls] == [
        ("a", "one", "{}"),
        ("b", "two", "{}"),
        ("call_5", "three", ""),
    ]
    assert end.finish_reason == "tool_calls", "though the server said stop"


def test_a_tool_call_without_a_name_is_malformed() -> None:
    with pytest.raises(errors.Malformed):
        _ended({"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": "{}"}}]})


def test_a_refusal_is_no_answer() -> None:
    with pytest.raises(errors.ContentRefused, match="I can't help"):
        _ended({"refusal": "I can't "}, {"refusal": "help with that."})


def test_a_message_copies_none_before_it() -> None:
    answer = ChatCompletionsAnswer("local", 1_000_000, ask("x", tools=(CALCULATOR,)))
    pieces = [Piece("", {"choices": [{"message": {"content": f"{n} ", "refusal": "b"}}]}) for n in range(1000)]
    reported: list[str | None] = []
    joins = calls_during(lambda: reported.extend(map(answer.take, pieces)))["join"]
    assert "".join(filter(None, reported)) == "".join(f"{n} " for n in range(1000))
    assert joins < 10


def test_blank_pieces_before_an_answer_are_kept_apart() -> None:
    answer = ChatCompletionsAnswer("local", 1_000_000, ask("x", tools=(CALCULATOR,)))
    pieces = [Piece("", {"choices": [{"delta": {"content": text}}]}) for text in ("\x00", *"\n" * 1000, "<tool")]
    joins = calls_during(lambda: [answer.take(piece) for piece in pieces])["join"]
    assert joins < 10
    assert answer.rest() == "\n" * 1000 + "<tool"


def _ended(*deltas: dict[str, Any]) -> ChatEnd:
    answer = ChatCompletionsAnswer("test", 1000, ask("x", tools=(CALCULATOR,)))
    for delta in deltas:
        answer.take(Piece("", {"id": "c", "choices": [{"index": 0, "delta": delta}]}))
    answer.take(Piece("", {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    return answer.end(100)
