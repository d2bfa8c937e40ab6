"""Anthropic's wire without a server: translation of requests, odd answers, errors."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from anthropic._error_classes import make_status_error
from anthropic._models import construct_type
from anthropic.types import RawMessageStreamEvent

from chimera.providers.anthropic_answers import Answer
from chimera.providers.anthropic_errors import sort_error
from chimera.providers.anthropic_models import reasoning_of
from chimera.providers.anthropic_requests import body_of, prefix_of
from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest, Image, ToolRequest
from models import errors
from models.agents import ReasoningEffort
from models.plans import Plan
from tests.chimera.simulated import CALCULATOR, ask

NEW, OLD = "claude-opus-4-8", "claude-sonnet-4-5"
THOUGHT = {"type": "thinking", "thinking": "17 * 23 it is", "signature": "c2lnbmVk"}
CALL = ToolRequest("toolu_1", "calculator", '{"expression": "17 * 23"}')


def test_what_a_request_leaves_open_is_not_sent() -> None:
    body = body_of(ask("x", model=NEW, temperature=0.5))
    assert body == {
        "model": NEW,
        "max_tokens": 2048,
        "system": "You are helpful.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
        "stream": True,
    }


def test_a_conversation_that_goes_on_with_tools_is_cached() -> None:
    body = body_of(ask("x", model=NEW, tools=(CALCULATOR,)))
    assert body["cache_control"] == {"type": "ephemeral"}
    assert body["tools"] == [
        {"name": "calculator", "description": CALCULATOR.description, "input_schema": CALCULATOR.parameters}
    ]
    assert "tool_choice" not in body
    bare = replace(CALCULATOR, parameters={})
    assert body_of(ask("x", model=NEW, tools=(bare,)))["tools"][0]["input_schema"] == {"type": "object"}


def test_results_of_parallel_calls_are_one_turn_and_stand_before_what_is_said() -> None:
    calls = (CALL, replace(CALL, id="toolu_2"))
    turns = body_of(
        _conversation(
            ChatMessage("user", "Go"),
            ChatMessage("assistant", "", calls),
            ChatMessage("tool", "391", tool_call_id="toolu_1"),
            ChatMessage("user", "Hurry"),
            ChatMessage("tool", " ", tool_call_id="toolu_2"),
        )
    )["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [block["id"] for block in turns[1]["content"]] == ["toolu_1", "toolu_2"]
    assert turns[1]["content"][0]["input"] == {"expression": "17 * 23"}
    assert turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "391"},
        {"type": "tool_result", "tool_use_id": "toolu_2"},
        {"type": "text", "text": "Hurry"},
    ]


def test_turns_alternate_and_none_is_empty() -> None:
    body = body_of(
        _conversation(
            ChatMessage("system", "Be short."),
            ChatMessage("user", "One"),
            ChatMessage("assistant", "  "),
            ChatMessage("user", "Two"),
            ChatMessage("assistant", "Three"),
            ChatMessage("user", "Four"),
        )
    )
    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in body["messages"]] == [
        ("user", ["One", "Two"]),
        ("assistant", ["Three"]),
        ("user", ["Four"]),
    ]
    assert body["system"] == "You are helpful.\n\nBe short."


def test_ids_of_other_providers_are_made_fit_and_stay_with_their_results() -> None:
    ids = ["call_1", "call_1", "a.b", "a:b", ""]
    messages = [ChatMessage("user", "Go")]
    for each in ids:
        messages.append(ChatMessage("assistant", "", (replace(CALL, id=each),)))
        messages.append(ChatMessage("tool", "391", tool_call_id=each))

    turns = body_of(_conversation(*messages))["messages"]

    calls = [turn["content"][0]["id"] for turn in turns[1::2]]
    assert [turn["content"][0]["tool_use_id"] for turn in turns[2::2]] == calls
    assert calls[:2] == ["call_1", "call_1_2"]
    assert len(set(calls)) == len(ids)
    assert all(each and each.replace("_", "").isalnum() for each in calls)


def test_a_conversation_that_used_tools_declares_them_also_when_none_is_offered() -> None:
    used = (ChatMessage("user", "Go"), ChatMessage("assistant", "", (CALL,)), ChatMessage("tool", "1", (), "toolu_1"))
    body = body_of(_conversation(*used))
    assert body["tools"] == [{"name": "calculator", "input_schema": {"type": "object"}}]
    assert body["tool_choice"] == {"type": "none"}
    assert "cache_control" not in body, "nothing reads it again"


@pytest.mark.parametrize("arguments", ['{"a": 1', "[1]", '"x"'])
def test_arguments_that_are_no_object_are_sent_as_one(arguments: str) -> None:
    called = ChatMessage("assistant", "", (replace(CALL, arguments=arguments),))
    turns = body_of(_conversation(ChatMessage("user", "Go"), called))["messages"]
    assert list(turns[1]["content"][0]["input"]) == ["arguments"]


def test_a_picture_stands_before_the_question() -> None:
    turns = body_of(_conversation(ChatMessage("user", "What?", images=(Image("image/png", b"\x89PNG"),))))["messages"]
    source = {"type": "base64", "media_type": "image/png", "data": b64encode(b"\x89PNG").decode()}
    assert turns[0]["content"] == [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]


def test_a_schema_is_given_in_the_form_that_the_api_takes() -> None:
    body = body_of(ask("x", model=NEW, reasoning_effort="low", response_schema=Plan.model_json_schema()))
    assert body["output_config"]["effort"] == "low"
    sent = body["output_config"]["format"]
    assert sent["type"] == "json_schema"
    assert sent["schema"]["additionalProperties"] is False
    assert "maxItems" not in sent["schema"]["properties"]["subtasks"]


@pytest.mark.parametrize("schema", [{"description": "anything"}, {"type": ["string", "null"]}])
def test_a_schema_that_claude_cannot_be_given_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(errors.BadRequest, match="schema"):
        body_of(ask("x", response_schema=schema))


SHOWN = {"thinking": {"type": "adaptive", "display": "summarized"}}


@pytest.mark.parametrize(
    ("model", "effort", "fields"),
    [
        ("claude-3-5-haiku-latest", "high", {}),
        ("claude-sonnet-4-5", None, {}),
        ("claude-sonnet-4-5", "none", {}),
        ("claude-sonnet-4-5-20250929", "low", {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ("claude-opus-4-20250514", "high", {"thinking": {"type": "enabled", "budget_tokens": 5461}}),
        ("claude-3-7-sonnet-latest", "medium", {"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        ("claude-opus-4-8", None, {}),
        ("claude-opus-4-8", "none", {}),
        ("claude-sonnet-4-6", "medium", {**SHOWN, "output_config": {"effort": "medium"}}),
        ("claude-opus-5", None, SHOWN),
        ("claude-opus-5", "none", {"thinking": {"type": "disabled"}}),
        ("claude-haiku-5-5", "none", {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5-5", "none", {"thinking": {"type": "between_tools"}}),
        ("claude-opus-5-5", "none", {**SHOWN, "output_config": {"effort": "low"}}),
        ("claude-fable-5", "none", {**SHOWN, "output_config": {"effort": "low"}}),
        ("claude-fable-5-2", "high", {**SHOWN, "output_config": {"effort": "high"}}),
        ("our-gateways-claude", None, {}),
        ("our-gateways-claude", "high", {**SHOWN, "output_config": {"effort": "high"}}),
    ],
)
def test_each_model_is_told_in_its_way_how_much_to_reason(
    model: str, effort: ReasoningEffort | None, fields: dict[str, Any]
) -> None:
    assert reasoning_of(model, effort, 8192) == fields


def test_a_budget_leaves_room_for_the_answer_or_is_not_given() -> None:
    assert reasoning_of(OLD, "high", 2047) == {}
    for limit in (2048, 3000, 16_384):
        for effort in ("low", "medium", "high"):
            budget = reasoning_of(OLD, effort, limit)["thinking"]["budget_tokens"]
            assert 1024 <= budget < limit


@pytest.mark.parametrize("model", [NEW, OLD])
def test_reasoning_goes_back_word_for_word(model: str) -> None:
    asked, state = _thought(model)
    turns = body_of(_gone_on(asked, state))["messages"]
    assert turns[1]["content"] == state["content"]
    assert turns[2]["content"][0]["tool_use_id"] == "toolu_1"


def test_reasoning_is_left_out_of_a_conversation_that_is_no_longer_the_same() -> None:
    asked, state = _thought(NEW)
    same = _gone_on(asked, state)
    changed = {
        "another model": replace(same, model="claude-opus-5"),
        "another provider's": _gone_on(asked, {**state, "provider": "google"}),
        "other tools": replace(same, tools=()),
        "another system prompt": replace(same, messages=(ChatMessage("system", "Be rude."), *same.messages[1:])),
        "a message left out": replace(
            same, messages=(*same.messages[:1], ChatMessage("user", "?"), *same.messages[2:])
        ),
    }
    for name, request in changed.items():
        (_, answered, *_) = body_of(request)["messages"]
        assert [block["type"] for block in answered["content"]] == ["text", "tool_use"], name


def test_reasoning_of_later_turns_stands_on_that_of_earlier_ones() -> None:
    asked, state = _thought(NEW)
    second = _gone_on(asked, state)
    told = {**state, "prefix": prefix_of(body_of(second)), "content": [THOUGHT, {"type": "text", "text": "391"}]}
    third = replace(
        second, messages=(*second.messages, ChatMessage("assistant", "391", (), state=told), ChatMessage("user", "So?"))
    )
    assert body_of(third)["messages"][3]["content"] == told["content"]
    forgotten = [replace(message, state=None) if message.tool_calls else message for message in third.messages]
    turns = body_of(replace(third, messages=tuple(forgotten)))["messages"]
    assert turns[3]["content"] == [{"type": "text", "text": "391"}]


def test_an_older_model_does_not_reason_on_after_a_call_without_reasoning() -> None:
    asked, state = _thought(OLD)
    with_it = _gone_on(asked, state)
    without = _gone_on(asked, {**state, "provider": "openai"})
    assert body_of(replace(with_it, reasoning_effort="low"))["thinking"]["type"] == "enabled"
    assert "thinking" not in body_of(replace(without, reasoning_effort="low"))
    assert body_of(replace(without, model=NEW, reasoning_effort="low"))["thinking"]["type"] == "adaptive"


def test_text_and_parallel_calls_and_reasoning_are_put_together() -> None:
    end, text = _ended(
        _start(0, {"type": "redacted_thinking", "data": "AAA="}),
        _start(1, {"type": "thinking", "thinking": "", "signature": ""}),
        _delta(1, {"type": "thinking_delta", "thinking": "17 * "}),
        _delta(1, {"type": "thinking_delta", "thinking": "23"}),
        _delta(1, {"type": "signature_delta", "signature": "c2ln"}),
        _start(2, {"type": "text", "text": ""}),
        _delta(2, {"type": "text_delta", "text": "Let me "}),
        _delta(2, {"type": "text_delta", "text": "see."}),
        _start(3, {"type": "tool_use", "id": "toolu_1", "name": "one", "input": {}}),
        _delta(3, {"type": "input_json_delta", "partial_json": '{"a"'}),
        _delta(3, {"type": "input_json_delta", "partial_json": ": 1}"}),
        _start(4, {"type": "tool_use", "id": "toolu_2", "name": "two", "input": {}}),
        reason="tool_use",
    )
    assert text == "Let me see."
    assert end.finish_reason == "tool_calls"
    assert end.tool_calls == (ToolRequest("toolu_1", "one", '{"a": 1}'), ToolRequest("toolu_2", "two", "{}"))
    assert end.state == {
        "provider": "anthropic",
        "model": NEW,
        "prefix": "prefix",
        "content": [
            {"type": "redacted_thinking", "data": "AAA="},
            {"type": "thinking", "thinking": "17 * 23", "signature": "c2ln"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "toolu_1", "name": "one", "input": {"a": 1}},
            {"type": "tool_use", "id": "toolu_2", "name": "two", "input": {}},
        ],
    }


def test_an_answer_without_reasoning_has_nothing_to_send_back() -> None:
    assert _said("Hello")[0].state is None


@pytest.mark.parametrize(
    "thought",
    [{**THOUGHT, "signature": ""}, {**THOUGHT, "thinking": "a\x00b"}, {**THOUGHT, "thinking": "a\ud83d"}],
)
def test_reasoning_that_cannot_be_kept_word_for_word_is_not_kept(thought: dict[str, Any]) -> None:
    end, text = _ended(_start(0, thought), _start(1, {"type": "text", "text": "Hello"}))
    assert (text, end.state) == ("Hello", None)


def test_reasoning_at_the_end_of_an_answer_is_not_sent_back() -> None:
    end, _ = _ended(_start(0, {"type": "text", "text": "Hello"}), _start(1, THOUGHT), reason="max_tokens")
    assert (end.finish_reason, end.state) == ("length", None)


def test_all_of_the_prompt_is_counted_wherever_it_was_read_from() -> None:
    begun = {"input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30, "output_tokens": 1}
    ended = {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}, "input_tokens": None}
    usage = _said("x", begun=begun, ended=ended)[0].usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_input_tokens, usage.cache_write_tokens) == (240, 200, 30)
    assert (usage.output_tokens, usage.reasoning_tokens) == (50, 20)


@pytest.mark.parametrize(
    "begun", [{"output_tokens": 1}, {"input_tokens": -1, "output_tokens": 1}, {"input_tokens": "7"}]
)
def test_usage_that_makes_no_sense_counts_as_missing(begun: dict[str, Any]) -> None:
    assert _said("x", begun=begun)[0].usage is None


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
    ],
)
def test_a_reason_to_stop_is_told_in_our_words(reason: str, finish: str) -> None:
    assert _said("x", reason=reason)[0].finish_reason == finish


def test_a_call_counts_also_where_the_reason_says_otherwise() -> None:
    assert _ended(_start(0, _use()), reason="end_turn")[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("max_tokens", errors.Truncated, "raise max_output_tokens"),
        ("model_context_window_exceeded", errors.ContextTooLong, "no room"),
        ("pause_turn", errors.Malformed, "'pause_turn'"),
        ("refusal", errors.ContentRefused, "did not say why"),
        (None, errors.Truncated, "in the middle"),
    ],
)
def test_a_tool_call_that_was_cut_is_no_success(
    reason: str | None, error: type[errors.ProviderError], words: str
) -> None:
    with pytest.raises(error, match=words):
        _ended(_start(0, _use()), reason=reason)


def test_a_refusal_says_why() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "No such thing."}
    with pytest.raises(errors.ContentRefused, match="No such thing"):
        _ended(details=details, reason="refusal")


@pytest.mark.parametrize("reason", ["end_turn", "tool_use"])
def test_an_answer_without_a_word_or_a_call_is_none(reason: str) -> None:
    with pytest.raises(errors.Malformed):
        _ended(_start(0, THOUGHT), reason=reason)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_start", "index": 0, "content_block": None},
        {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "x"}},
        {"type": "message_start", "message": 7},
        {"type": "message_delta"},
    ],
)
def test_an_event_of_another_shape_is_malformed(event: dict[str, Any]) -> None:
    with pytest.raises(errors.Malformed):
        _take(Answer(NEW, "", 1000), event)


def test_reasoning_counts_towards_the_size_of_an_answer() -> None:
    with pytest.raises(errors.AnswerTooLarge, match="100 bytes"):
        _take(Answer(NEW, "", 100), _start(0, {**THOUGHT, "thinking": "x" * 101}))


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "invalid_request_error", "max_tokens: field required", errors.BadRequest),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", errors.ContextTooLong),
        (400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 9", errors.ContextTooLong),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", errors.NoQuota),
        (400, "invalid_request_error", "You have reached your specified API usage limits.", errors.NoQuota),
        (401, "authentication_error", "invalid key", errors.WrongKey),
        (402, "billing_error", "pay first", errors.NoQuota),
        (403, "permission_error", "not allowed", errors.WrongKey),
        (404, "not_found_error", "model: claude-x", errors.UnknownModel),
        (408, "timeout_error", "slow", errors.Overloaded),
        (409, "conflict_error", "busy", errors.Overloaded),
        (413, "request_too_large", "Request exceeds the maximum size", errors.ContextTooLong),
        (422, "invalid_request_error", "no", errors.BadRequest),
        (429, "rate_limit_error", "slow down", errors.RateLimited),
        (500, "api_error", "oops", errors.InternalFailure),
        (504, "timeout_error", "slow", errors.Overloaded),
        (529, "overloaded_error", "Overloaded", errors.Overloaded),
        (200, "overloaded_error", "Overloaded", errors.Overloaded),
        (200, "api_error", "oops", errors.Overloaded),
        (200, "rate_limit_error", "slow down", errors.RateLimited),
        (200, "invalid_request_error", "no", errors.BadRequest),
        (200, "billing_error", "pay first", errors.NoQuota),
    ],
)
def test_an_error_is_sorted_by_its_status_or_its_type(
    status: int, kind: str, message: str, error: type[errors.ProviderError]
) -> None:
    assert type(_sorted(status, {"type": kind, "message": message})) is error


def test_a_limit_of_spending_is_not_one_of_requests() -> None:
    details = {"error_code": "enforced_spend_limit_reached"}
    assert type(_sorted(429, {"type": "rate_limit_error", "message": "x", "details": details})) is errors.NoQuota


def _conversation(*messages: ChatMessage) -> ChatRequest:
    asked = ask("", model=NEW)
    return replace(asked, messages=(asked.messages[0], *messages))


def _thought(model: str) -> tuple[ChatRequest, dict[str, Any]]:
    """A request, and the state that came with its answer: reasoning, words and a call."""
    asked = ask("What is 17 * 23?", model=model, tools=(CALCULATOR,))
    called = {"type": "tool_use", "id": CALL.id, "name": CALL.name, "input": {"expression": "17 * 23"}}
    content = [THOUGHT, {"type": "text", "text": "Let me see."}, called]
    return asked, {"provider": "anthropic", "model": model, "prefix": prefix_of(body_of(asked)), "content": content}


def _gone_on(asked: ChatRequest, state: dict[str, Any]) -> ChatRequest:
    answered = ChatMessage("assistant", "Let me see.", (CALL,), state=state)
    return replace(asked, messages=(*asked.messages, answered, ChatMessage("tool", "391", tool_call_id=CALL.id)))


def _use() -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": "one", "input": {}}


def _start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _take(answer: Answer, event: dict[str, Any]) -> str:
    return answer.take(construct_type(value=event, type_=RawMessageStreamEvent))


def _said(text: str, **changes: Any) -> tuple[ChatEnd, str]:
    return _ended(_start(0, {"type": "text", "text": text}), **changes)


def _ended(
    *events: dict[str, Any],
    reason: str | None = "end_turn",
    begun: dict[str, Any] | None = None,
    ended: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
) -> tuple[ChatEnd, str]:
    answer = Answer(NEW, "prefix", 10_000)
    message = {"id": "msg_1", "usage": begun or {"input_tokens": 1, "output_tokens": 1}}
    delta = {"stop_reason": reason, "stop_details": details}
    last = {"type": "message_delta", "delta": delta, "usage": ended or {"output_tokens": 2}}
    stream = [{"type": "message_start", "message": message}, *events, last, {"type": "message_stop"}]
    text = "".join(_take(answer, event) for event in stream)
    return answer.end(100), text


def _sorted(status: int, error: dict[str, Any]) -> errors.ProviderError:
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://a"))
    raised = make_status_error("x", body={"type": "error", "error": error}, response=response)
    return sort_error(raised, model=NEW, secret="", begun=status == 200)
