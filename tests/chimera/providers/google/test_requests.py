"""Gemini's wire without a server: how requests are translated, and how model generations differ."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.genai import types

from chimera.pricing import Rate, price_of, window_of
from chimera.providers.base import ChatMessage, ChatRequest, ToolRequest, ToolSpec
from chimera.providers.google.requests import FOREIGN_SIGNATURE, config_of, contents_of, schema_of
from models.agents import ReasoningEffort
from models.plans import Plan
from tests.chimera.simulated import CALCULATOR, ask

MODEL = "gemini-3.8-flash"


def talk(*messages: ChatMessage, model: str = MODEL) -> ChatRequest:
    return replace(ask("x", model=model), messages=messages)


def calling(*ids: str, text: str = "", arguments: str = '{"expression": "1"}', state: Any = None) -> ChatMessage:
    calls = tuple(ToolRequest(id, f"tool_{id}", arguments) for id in ids)
    return ChatMessage("assistant", text, calls, state=state)


def test_unset_request_fields_are_not_sent() -> None:
    config = config_of(ask("x", model=MODEL))
    sent = set(config) - {"httpOptions"}
    assert sent == {"maxOutputTokens", "systemInstruction", "automaticFunctionCalling", "automaticContinuation"}
    assert config_of(ask("x", model=MODEL, temperature=0.0))["temperature"] == 0.0


def test_adjacent_results_are_one_content_with_names() -> None:
    contents = contents_of(
        talk(
            ChatMessage("user", "Go"),
            calling("a", "b", text="Looking."),
            ChatMessage("tool", "1", tool_call_id="b"),
            ChatMessage("tool", "2", tool_call_id="a"),
            ChatMessage("user", "Guidance"),
            calling("a"),
            ChatMessage("tool", "3", tool_call_id="a"),
            model="gemini-2.5-flash",
        )
    )
    assert [content["role"] for content in contents] == ["user", "model", "user", "user", "model", "user"]
    assert contents[1]["parts"][0] == {"text": "Looking."}
    assert contents[1]["parts"][1] == {"functionCall": {"id": "a", "name": "tool_a", "args": {"expression": "1"}}}
    assert [part["functionResponse"] for part in contents[2]["parts"]] == [
        {"id": "b", "name": "tool_b", "response": {"output": "1"}},
        {"id": "a", "name": "tool_a", "response": {"output": "2"}},
    ]
    assert contents[3]["parts"] == [{"text": "Guidance"}]


def test_a_result_without_its_call_becomes_text() -> None:
    (content,) = contents_of(talk(ChatMessage("tool", "391", tool_call_id="gone")))
    assert content == {"role": "user", "parts": [{"text": "Tool result:\n391"}]}


def test_a_message_without_anything_is_left_out() -> None:
    contents = contents_of(talk(ChatMessage("user", "Go"), ChatMessage("assistant", ""), ChatMessage("user", "")))
    assert [content["parts"] for content in contents] == [[{"text": "Go"}]]


def test_only_the_first_parallel_call_is_signed() -> None:
    (content,) = contents_of(talk(calling("a", "b")))
    assert [part.get("thoughtSignature") for part in content["parts"]] == [FOREIGN_SIGNATURE, None]
    (content,) = contents_of(talk(calling("a", "b"), model="gemini-2.5-pro"))
    assert not any("thoughtSignature" in part for part in content["parts"])


@pytest.mark.parametrize(
    ("provider", "model", "is_sent"),
    [("google", MODEL, True), ("google", "gemini-2.5-pro", False), ("anthropic", MODEL, False)],
)
def test_provider_state_returns_only_to_its_own_model(provider: str, model: str, is_sent: bool) -> None:
    parts = [{"functionCall": {"name": "tool_a", "args": {}}, "thoughtSignature": "c2ln"}]
    state = {"provider": provider, "model": model, "parts": parts}
    called, answered = contents_of(talk(calling("a", state=state), ChatMessage("tool", "1", tool_call_id="a")))
    assert (called["parts"] == parts) == is_sent
    response = answered["parts"][0]["functionResponse"]
    assert response["name"] == "tool_a"
    assert ("id" in response) == ("id" in called["parts"][0]["functionCall"])


def test_plan_schemas_use_keywords_known_to_gemini() -> None:
    config = config_of(ask("x", model=MODEL, response_schema=Plan.model_json_schema()))
    assert config["responseMimeType"] == "application/json"
    schema = config["responseJsonSchema"]
    assert schema["required"] == ["subtasks"]
    assert schema["properties"]["subtasks"]["items"] == {"$ref": "#/$defs/PlannedSubtask"}
    planned = schema["$defs"]["PlannedSubtask"]
    assert set(planned["properties"]["key"]) == {"type", "title", "description"}
    assert planned["additionalProperties"] is False
    unread = {"pattern", "default", "minLength", "maxLength", "minItems", "maxItems", "const"}
    assert not unread & set(_keywords(schema))


def test_references_and_constants_follow_geminis_schema_rules() -> None:
    schema = {
        "type": "object",
        "properties": {
            "pattern": {"$ref": "#/$defs/A", "description": "left out"},
            "kind": {"const": "a", "type": "string"},
            "some": {"anyOf": [{"type": "string", "pattern": "x"}, {"type": "null"}]},
            "open": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
        },
        "$defs": {"A": {"type": "array", "prefixItems": [{"type": "string", "default": ""}], "maxItems": 200}},
    }
    assert schema_of(schema) == {
        "type": "object",
        "properties": {
            "pattern": {"$ref": "#/$defs/A"},
            "kind": {"type": "string", "enum": ["a"]},
            "some": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "open": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "$defs": {"A": {"type": "array", "prefixItems": [{"type": "string"}]}},
    }


def test_a_tool_without_arguments_declares_none() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}, "required": ["city"]}
    config = config_of(ask("x", model=MODEL, tools=(CALCULATOR, ToolSpec("weather", "Says it.", parameters))))
    bare, weather = config["tools"][0]["functionDeclarations"]
    assert bare == {"name": "calculator", "description": "Works out arithmetic."}
    assert weather["parametersJsonSchema"] == parameters | {"properties": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        (MODEL, None, None),
        (MODEL, "none", {"thinkingLevel": "MINIMAL"}),
        (MODEL, "medium", {"thinkingLevel": "MEDIUM"}),
        ("gemini-3.1-pro-preview", "none", {"thinkingLevel": "LOW"}),
        ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "HIGH"}),
        ("gemini-4-argon", "high", {"thinkingLevel": "HIGH"}),
        ("gemini-flash-latest", "low", {"thinkingLevel": "LOW"}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-pro", "low", {"thinkingBudget": 1024}),
        ("gemini-2.5-pro", "high", {"thinkingBudget": 24_576}),
        ("gemini-2.5-flash-image", "high", None),
        ("gemini-3-pro-image-preview", "high", None),
        ("gemini-2.0-flash", "high", None),
        ("gemma-4-31b-it", "high", None),
    ],
)
def test_effort_uses_the_words_of_the_models_generation(
    model: str, effort: ReasoningEffort | None, thinking: dict[str, Any] | None
) -> None:
    config = config_of(ask("x", model=model, reasoning_effort=effort, max_output_tokens=60_000))
    assert config.get("thinkingConfig") == thinking
    types.GenerateContentConfig.model_validate(config)


@pytest.mark.parametrize(("limit", "budget"), [(4096, 2048), (400, 128)])
def test_thinking_leaves_room_for_the_answer(limit: int, budget: int) -> None:
    config = config_of(ask("x", model="gemini-2.5-pro", reasoning_effort="high", max_output_tokens=limit))
    assert config["thinkingConfig"] == {"thinkingBudget": budget}


def test_long_prompts_have_their_own_price() -> None:
    short, long = price_of("google/gemini-2.5-pro").rates
    assert short == Rate(1_250_000, 125_000, 10_000_000)
    assert long == Rate(2_500_000, 250_000, 15_000_000, above_input_tokens=200_000)
    assert window_of("google/gemini-2.5-pro").context_tokens == 1_048_576


def _keywords(schema: Any) -> Iterator[str]:
    for name, value in schema.items():
        yield name
        inner = value.values() if name in ("properties", "$defs") else [value]
        for part in inner:
            if isinstance(part, dict):
                yield from _keywords(part)


def test_truth_values_as_schemas_are_dropped() -> None:
    assert schema_of({"type": "object", "properties": {"any": True}, "anyOf": [False]}) == {
        "type": "object",
        "properties": {"any": {}},
        "anyOf": [{}],
    }
