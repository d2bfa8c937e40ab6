"""Details specific to Anthropic's requests: alternating turns, a cache, and reasoning bound to what precedes it."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from chimera.providers.anthropic.models import reasoning_of
from chimera.providers.anthropic.requests import body_of, prefix_of
from chimera.providers.base import ChatMessage, ChatRequest, Image, ToolRequest
from models import errors
from models.agents import ReasoningEffort
from models.plans import Plan
from tests.chimera.simulated import CALCULATOR, ask

NEW, OLD = "claude-opus-4-8", "claude-sonnet-4-5"
THOUGHT = {"type": "thinking", "thinking": "17 * 23 it is", "signature": "c2lnbmVk"}
CALL = ToolRequest("toolu_1", "calculator", '{"expression": "17 * 23"}')


def test_unset_request_fields_are_not_sent() -> None:
    body = body_of(ask("x", model=NEW, temperature=0.5))
    assert body == {
        "model": NEW,
        "max_tokens": 2048,
        "system": [{"type": "text", "text": "You are helpful."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
        "stream": True,
    }


def test_a_continued_tool_conversation_is_cached() -> None:
    body = body_of(ask("x", model=NEW, tools=(CALCULATOR,)))
    assert body["cache_control"] == {"type": "ephemeral"}
    assert body["tools"] == [
        {"name": "calculator", "description": CALCULATOR.description, "input_schema": CALCULATOR.parameters}
    ]
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert "tool_choice" not in body
    bare = replace(CALCULATOR, parameters={})
    assert body_of(ask("x", model=NEW, tools=(bare,)))["tools"][0]["input_schema"] == {"type": "object"}


def test_a_last_turn_reads_the_cache_without_writing() -> None:
    offered = body_of(ask("x", model=NEW, tools=(CALCULATOR,)))
    last = body_of(ask("x", model=NEW, tools=(CALCULATOR,), tool_choice="none"))
    assert (last["tools"], last["system"]) == (offered["tools"], offered["system"])
    assert last["tool_choice"] == {"type": "none"}
    assert "cache_control" not in last


def test_parallel_results_are_one_turn_before_the_text() -> None:
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
    assert body["system"][0]["text"] == "You are helpful.\n\nBe short."


def test_foreign_ids_are_adapted_with_their_results() -> None:
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


def test_used_tools_stay_declared() -> None:
    used = (ChatMessage("user", "Go"), ChatMessage("assistant", "", (CALL,)), ChatMessage("tool", "1", (), "toolu_1"))
    body = body_of(_conversation(*used))
    assert body["tools"] == [{"name": "calculator", "input_schema": {"type": "object"}}]
    assert body["tool_choice"] == {"type": "none"}
    assert "cache_control" not in body, "nothing reads it again"


def test_an_image_precedes_the_text() -> None:
    turns = body_of(_conversation(ChatMessage("user", "What?", images=(Image("image/png", b"\x89PNG"),))))["messages"]
    source = {"type": "base64", "media_type": "image/png", "data": b64encode(b"\x89PNG").decode()}
    assert turns[0]["content"] == [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]


def test_a_schema_is_sent_in_the_vendors_form() -> None:
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
def test_each_model_gets_its_own_reasoning_setting(
    model: str, effort: ReasoningEffort | None, fields: dict[str, Any]
) -> None:
    assert reasoning_of(model, effort, 8192) == fields


def test_a_reasoning_budget_leaves_room_for_the_answer() -> None:
    assert reasoning_of(OLD, "high", 2047) == {}
    for limit in (2048, 3000, 16_384):
        for effort in ("low", "medium", "high"):
            budget = reasoning_of(OLD, effort, limit)["thinking"]["budget_tokens"]
            assert 1024 <= budget < limit


@pytest.mark.parametrize("model", [NEW, OLD])
def test_reasoning_goes_back_word_for_word(model: str) -> None:
    asked, state = _thought(model)
    turns = body_of(_continued(asked, state))["messages"]
    assert turns[1]["content"] == state["content"]
    assert turns[2]["content"][0]["tool_use_id"] == "toolu_1"


def test_reasoning_holds_on_the_last_turn() -> None:
    asked, state = _thought(NEW)
    turns = body_of(replace(_continued(asked, state), tool_choice="none"))["messages"]
    assert turns[1]["content"] == state["content"]


def test_reasoning_is_dropped_from_a_changed_conversation() -> None:
    asked, state = _thought(NEW)
    same = _continued(asked, state)
    changed = {
        "another model": replace(same, model="claude-opus-5"),
        "another provider's": _continued(asked, {**state, "provider": "google"}),
        "other tools": replace(same, tools=()),
        "another system prompt": replace(same, messages=(ChatMessage("system", "Be rude."), *same.messages[1:])),
        "a message left out": replace(
            same, messages=(*same.messages[:1], ChatMessage("user", "?"), *same.messages[2:])
        ),
    }
    for name, request in changed.items():
        (_, answered, *_) = body_of(request)["messages"]
        assert [block["type"] for block in answered["content"]] == ["text", "tool_use"], name


def test_later_reasoning_depends_on_earlier_reasoning() -> None:
    asked, state = _thought(NEW)
    second = _continued(asked, state)
    reported = {**state, "prefix": prefix_of(body_of(second)), "content": [THOUGHT, {"type": "text", "text": "391"}]}
    third = replace(
        second,
        messages=(*second.messages, ChatMessage("assistant", "391", (), state=reported), ChatMessage("user", "So?")),
    )
    assert body_of(third)["messages"][3]["content"] == reported["content"]
    forgotten = [replace(message, state=None) if message.tool_calls else message for message in third.messages]
    turns = body_of(replace(third, messages=tuple(forgotten)))["messages"]
    assert turns[3]["content"] == [{"type": "text", "text": "391"}]


def test_older_models_reason_only_after_reasoned_calls() -> None:
    asked, state = _thought(OLD)
    with_it = _continued(asked, state)
    without = _continued(asked, {**state, "provider": "openai"})
    assert body_of(replace(with_it, reasoning_effort="low"))["thinking"]["type"] == "enabled"
    assert "thinking" not in body_of(replace(without, reasoning_effort="low"))
    assert body_of(replace(without, model=NEW, reasoning_effort="low"))["thinking"]["type"] == "adaptive"


def _conversation(*messages: ChatMessage) -> ChatRequest:
    asked = ask("", model=NEW)
    return replace(asked, messages=(asked.messages[0], *messages))


def _thought(model: str) -> tuple[ChatRequest, dict[str, Any]]:
    """Return a request and the state received with its answer: reasoning, text and a tool call."""
    asked = ask("What is 17 * 23?", model=model, tools=(CALCULATOR,))
    called = {"type": "tool_use", "id": CALL.id, "name": CALL.name, "input": {"expression": "17 * 23"}}
    content = [THOUGHT, {"type": "text", "text": "Let me see."}, called]
    return asked, {"provider": "anthropic", "model": model, "prefix": prefix_of(body_of(asked)), "content": content}


def _continued(asked: ChatRequest, state: dict[str, Any]) -> ChatRequest:
    answered = ChatMessage("assistant", "Let me see.", (CALL,), state=state)
    return replace(asked, messages=(*asked.messages, answered, ChatMessage("tool", "391", tool_call_id=CALL.id)))
