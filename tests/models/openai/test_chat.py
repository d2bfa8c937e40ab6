"""What `POST /v1/chat/completions` accepts, ignores and rejects."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.openai.chat import ChatCompletionSpec
from models.openai.errors import param_of
from models.openai.responses import ResponseSpec

HELLO = {"model": "writer", "messages": [{"role": "user", "content": "Hello"}]}


def spec(**fields: Any) -> ChatCompletionSpec:
    return ChatCompletionSpec.model_validate(HELLO | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "u-1", "metadata": {"a": "b"}, "store": True, "service_tier": "auto", "seed": 7},
        {"parallel_tool_calls": True, "logit_bias": {"50256": -100}, "frequency_penalty": 0.5, "top_k": 40},
        {"n": 1, "logprobs": False, "top_logprobs": 0, "modalities": ["text"], "functions": [], "audio": None},
        {"stop": "END"},
        {"stop": ["a", "b"]},
        {"stream_options": {"include_usage": True, "include_obfuscation": False}},
        {"tools": [{"type": "function", "function": {"name": "now"}}], "tool_choice": "auto"},
        {"tools": [{"type": "function", "function": {"name": "now", "description": None, "parameters": None}}]},
        {"tool_choice": {"type": "function", "function": {"name": "now"}}},
        {"reasoning_effort": "minimal", "verbosity": "low", "prediction": None},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_what_clients_send_is_accepted(fields: dict[str, Any]) -> None:
    assert spec(**fields).model == "writer"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy"}}, "audio"),
        ({"functions": [{"name": "now"}]}, "functions"),
        ({"function_call": {"name": "now"}}, "function_call"),
        ({"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "some"}, "tool_choice.mode"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "bot", "content": "Hello"}]}, "messages[0].role"),
        ({"messages": [{"role": "function", "name": "f", "content": "1"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "1"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0]"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_honored_is_named(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        spec(**fields)
    assert param_of(".".join(map(str, caught.value.errors()[0]["loc"]))) == place


def test_a_text_counts_as_one_part() -> None:
    message = spec().messages[0]
    assert [part.said for part in message.content] == ["Hello"]


def test_null_content_is_accepted_beside_tool_calls() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None}
    result = {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "noon"}]}
    found = spec(messages=[{"role": "user", "content": "?"}, asked, result]).messages
    assert found[1].content == ()
    assert found[1].tool_calls is not None
    assert found[1].tool_calls[0].function.name == "now"


def test_arguments_may_be_an_object() -> None:
    call = {"id": "call_1", "function": {"name": "now", "arguments": {"zone": "UTC"}}}
    found = spec(messages=[{"role": "assistant", "content": "", "tool_calls": [call]}]).messages[0]
    assert found.tool_calls is not None
    assert found.tool_calls[0].function.arguments == '{"zone":"UTC"}'


def test_null_is_a_function_without_parameters() -> None:
    function = {"name": "now", "description": None, "parameters": None, "strict": None}
    in_chat = spec(tools=[{"type": "function", "function": function}]).tools
    tools = [{"type": "function", **function}]
    in_responses = ResponseSpec.model_validate({"model": "writer", "input": "?", "tools": tools}).tools
    assert in_chat is not None
    assert in_responses is not None
    for found in (in_chat[0].function, in_responses[0]):
        assert (found.description, found.parameters) == ("", {"type": "object", "properties": {}})


def test_the_newer_token_limit_counts() -> None:
    assert spec(max_tokens=100, max_completion_tokens=50).max_output_tokens == 50
    assert spec(max_tokens=100).max_output_tokens == 100
