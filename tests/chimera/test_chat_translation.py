"""The chat-completions wire without a server: translation of requests, odd answers, waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from chimera.providers.base import ChatEnd, ChatMessage, Image
from chimera.providers.chat_answers import Answer
from chimera.providers.chat_requests import allows_strict, body_of
from chimera.providers.refusals import MAX_RETRY_AFTER_S, retry_after_of
from chimera.providers.wire import headers_of
from models import errors
from models.plans import Plan
from tests.chimera.simulated import CALCULATOR, ask


def test_what_a_request_leaves_open_is_not_sent() -> None:
    body = body_of(ask("x"), "max_tokens")
    assert set(body) == {"model", "messages", "max_tokens", "stream", "stream_options"}

    body = body_of(ask("x", temperature=0.0, tools=(CALCULATOR,)), "max_completion_tokens")
    assert body["temperature"] == 0.0
    assert body["max_completion_tokens"] == 2048
    assert body["tools"][0]["function"]["name"] == "calculator"


def test_a_reasoning_model_is_told_how_much_and_sent_no_temperature() -> None:
    body = body_of(ask("x", model="gpt-5.6", temperature=0.5, reasoning_effort="low"), "max_completion_tokens")
    assert body["reasoning_effort"] == "low"
    assert "temperature" not in body
    assert body_of(ask("x", model="gpt-4o", temperature=0.5), "max_completion_tokens")["temperature"] == 0.5


def test_a_picture_goes_along_as_a_data_url() -> None:
    asked = ask("x")
    picture = ChatMessage("user", "What is this?", images=(Image("image/png", b"\x89PNG"),))
    body = body_of(replace(asked, messages=(*asked.messages, picture)), "max_tokens")
    assert body["messages"][-1]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]


def test_a_call_is_named_by_its_place_and_its_attempt() -> None:
    headers = headers_of(ask("x", call_id="t/a#turn.1", attempt=2))
    assert headers == {
        "Idempotency-Key": "t/a#turn.1.2",
        "X-Chimera-Call": "t/a#turn.1",
        "X-Chimera-Attempt": "2",
    }


def test_strict_mode_is_asked_for_only_where_the_schema_allows_it() -> None:
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


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("1e9", MAX_RETRY_AFTER_S), ("nan", None), ("soon", None), ("", None)],
)
def test_a_wait_is_read_and_bounded(value: str, seconds: float | None) -> None:
    assert retry_after_of({"retry-after": value}) == seconds


def test_a_wait_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after_of({"retry-after": date}) == pytest.approx(30, abs=2)


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


@pytest.mark.parametrize(
    "chunk",
    [{"choices": [{"delta": None}]}, {"choices": [{"delta": {"content": 7}}]}, {"choices": "x"}, {"choices": 7}],
)
def test_a_chunk_of_another_shape_is_malformed(chunk: dict[str, Any]) -> None:
    with pytest.raises(errors.Malformed):
        Answer("test", 1000).take(ChatCompletionChunk.construct(**chunk))


def test_usage_that_makes_no_sense_counts_as_missing() -> None:
    assert (
        _ended({"content": "x"}, usage={"prompt_tokens": -1, "completion_tokens": 2, "total_tokens": 1}).usage is None
    )
    told = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    usage = _ended({"content": "x"}, usage=told).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens) == (9, 4, 2)


def _ended(*deltas: dict[str, Any], usage: dict[str, Any] | None = None) -> ChatEnd:
    answer = Answer("test", 1000)
    for delta in deltas:
        answer.take(ChatCompletionChunk.construct(id="c", choices=[{"index": 0, "delta": delta}]))
    last = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    answer.take(ChatCompletionChunk.construct(id="c", choices=last, usage=usage))
    return answer.end(100)
