"""Options of a request that each vendor spells differently: forced tool calls, top_p and stop."""

from typing import Any

import pytest

from chimera.providers.anthropic import requests as anthropic
from chimera.providers.base import ChatMessage, ChatRequest, ToolSpec
from chimera.providers.chat_completions import requests as chat_completions
from chimera.providers.google import requests as google

TOOL = ToolSpec("look", "Looks.", {"type": "object", "properties": {}})


def asked(model: str, **fields: Any) -> ChatRequest:
    return ChatRequest(model, (ChatMessage("user", "Tea?"),), "call", 1, 100, (TOOL,), **fields)


@pytest.mark.parametrize(
    ("choice", "openai", "claude", "gemini"),
    [
        ("auto", None, None, None),
        ("none", "none", {"type": "none"}, {"mode": "NONE"}),
        ("required", "required", {"type": "any"}, {"mode": "ANY"}),
        (
            "look",
            {"type": "function", "function": {"name": "look"}},
            {"type": "tool", "name": "look"},
            {"mode": "ANY", "allowedFunctionNames": ["look"]},
        ),
    ],
)
def test_a_choice_of_tools_is_translated(choice: str, openai: object, claude: object, gemini: object) -> None:
    body = chat_completions.body_of(asked("gpt-4.1", tool_choice=choice), "max_tokens")
    assert body.get("tool_choice") == openai
    assert anthropic.body_of(asked("claude-x", tool_choice=choice)).get("tool_choice") == claude
    config = google.config_of(asked("gemini-x", tool_choice=choice))
    assert config.get("toolConfig", {}).get("functionCallingConfig") == gemini


def test_a_forced_call_needs_no_reasoning() -> None:
    forced = asked("claude-sonnet-4-5", tool_choice="required", reasoning_effort="high")
    assert "thinking" not in anthropic.body_of(forced)


def test_sampling_and_stops_are_translated() -> None:
    options: dict[str, Any] = {"top_p": 0.5, "stop": ("END", " ")}
    body = chat_completions.body_of(asked("gpt-4.1", **options), "max_tokens")
    assert (body["top_p"], body["stop"]) == (0.5, ["END", " "])
    config = google.config_of(asked("gemini-x", **options))
    assert (config["topP"], config["stopSequences"]) == (0.5, ["END", " "])
    assert anthropic.body_of(asked("claude-x", **options))["stop_sequences"] == ["END"]


def test_reasoning_models_receive_neither() -> None:
    body = chat_completions.body_of(asked("o3", top_p=0.5, stop=("END",)), "max_completion_tokens")
    assert {"top_p", "stop"}.isdisjoint(body)
