"""Translates a `ChatRequest` to the Gemini API's JSON, so that this module doesn't need the SDK."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from chimera.providers.base import ChatMessage, ChatRequest, ToolSpec
from chimera.providers.wire.http import headers_of, object_of
from models.agents import ReasoningEffort

PROVIDER = "google"

FOREIGN_SIGNATURE = b"skip_thought_signature_validator"
"""Google's signature for calls that the model didn't make itself: Gemini 3 rejects unsigned calls in the current turn.
https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
"""

_BUDGETS: dict[ReasoningEffort, int] = {"low": 1_024, "medium": 8_192, "high": 24_576}
"""Google's own budgets: https://ai.google.dev/gemini-api/docs/openai#thinking"""

_SMALLEST_BUDGETS = {"pro": 128, "flash": 0, "flash-lite": 0}
"""The smallest budgets of Gemini 2.5; Pro always thinks. https://ai.google.dev/gemini-api/docs/thinking#set-budget"""

_LEAST_ROOM_TO_THINK = 512
"""The smallest budget above 0 that all 2.5 models accept."""

_BUDGETED = re.compile(r"gemini-2\.5-(pro|flash-lite|flash)(?!.*(?:image|tts|audio|live))")
_LEVELLED = re.compile(r"gemini-(?:(?:[3-9]|\d\d)[.-]|(?:pro|flash|flash-lite)-latest)(?!.*(?:image|tts|audio|live))")

# https://ai.google.dev/gemini-api/docs/structured-output#json-schema-support. maxItems and minItems are omitted: array
# limits make Gemini reject a schema for having "too many states", and the caller checks the answer anyway.
_KEYWORDS = {
    *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "anyOf", "oneOf"),
    *("items", "prefixItems", "minimum", "maximum"),
    *("properties", "additionalProperties", "required", "propertyOrdering"),
}


def name_in_path(model: str) -> str:
    """Quote a model's name for the SDK, which puts it into the path unchanged, so that `a#b` would mean `a`.

    Slashes aren't quoted, because `tunedModels/…` is a name with two parts. The SDK rejects dots that would lead to a
    parent path.
    """
    return quote(model, safe="/")


@dataclass(frozen=True, slots=True)
class _Called:
    name: str
    id: str | None
    """The function call's ID on the wire."""


def body_of(request: ChatRequest) -> dict[str, Any]:
    """Translate a request."""
    return {"contents": contents_of(request), "config": config_of(request)}


def contents_of(request: ChatRequest) -> list[dict[str, Any]]:
    """Translate all messages except system messages. Results of parallel calls become one content."""
    contents: list[dict[str, Any]] = []
    called: dict[str, _Called] = {}
    after_result = False
    for message in request.messages:
        role = "user"
        if message.role == "system":
            continue
        if message.role == "tool":
            parts = [_tool_result(message, called)]
        elif message.role == "assistant":
            role = "model"
            parts = _kept_parts(message, request.model) or _own_parts(message, request.model)
            called |= _called_in(message, parts)
        else:
            parts = _user_parts(message)
        if message.role == "tool" and after_result:
            contents[-1]["parts"] += parts
        elif parts:
            # Gemini rejects an empty content.
            contents.append({"role": role, "parts": parts})
        after_result = message.role == "tool"
    return contents


def config_of(request: ChatRequest) -> dict[str, Any]:
    """Translate everything else; unset fields are omitted, so that the server's defaults apply."""
    config: dict[str, Any] = {
        "maxOutputTokens": request.max_output_tokens,
        "httpOptions": {"headers": headers_of(request)},
        # If enabled, both features would make the SDK send requests that bypass the ledger.
        "automaticFunctionCalling": {"disable": True},
        "automaticContinuation": False,
    }
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    if system:
        config["systemInstruction"] = {"parts": [{"text": system}]}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.top_p is not None:
        config["topP"] = request.top_p
    if request.stop:
        config["stopSequences"] = list(request.stop)
    if request.tools:
        config["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
        if request.tool_choice != "auto":
            config["toolConfig"] = {"functionCallingConfig": _calling(request.tool_choice)}
    if request.response_schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = schema_of(request.response_schema)
    thinking = _thinking(request)
    if thinking:
        config["thinkingConfig"] = thinking
    return config


def _calling(choice: str) -> dict[str, Any]:
    if choice == "none":
        return {"mode": "NONE"}
    return {"mode": "ANY"} if choice == "required" else {"mode": "ANY", "allowedFunctionNames": [choice]}


def schema_of(schema: dict[str, Any] | bool) -> dict[str, Any]:
    """Remove from a JSON schema what Gemini doesn't read: other keywords, truth values as schemas, and everything
    beside a `$ref`.
    """
    if not isinstance(schema, dict):
        return {}
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    if "$ref" in schema:
        schema = {name: value for name, value in schema.items() if name.startswith("$")}
    return {name: _inner(name, value) for name, value in schema.items() if name in _KEYWORDS}


def _inner(name: str, value: Any) -> Any:
    if name in ("properties", "$defs"):
        return {key: schema_of(part) for key, part in value.items()}
    if name in ("anyOf", "oneOf", "prefixItems"):
        return [schema_of(part) for part in value]
    return schema_of(value) if isinstance(value, dict) else value


def _kept_parts(message: ChatMessage, model: str) -> list[dict[str, Any]]:
    """Return an answer's parts unchanged; none if another model wrote them, because its signatures aren't valid."""
    state = message.state or {}
    if state.get("provider") != PROVIDER or state.get("model") != model:
        return []
    return list(state["parts"])


def _own_parts(message: ChatMessage, model: str) -> list[dict[str, Any]]:
    text = [{"text": message.content}] if message.content else []
    calls: list[dict[str, Any]] = [
        {"functionCall": {"id": call.id, "name": call.name, "args": object_of(call.arguments)}}
        for call in message.tool_calls
    ]
    if calls and _LEVELLED.match(model):
        # Of parallel calls, only the first is signed.
        calls[0]["thoughtSignature"] = FOREIGN_SIGNATURE
    return [*text, *calls]


def _called_in(message: ChatMessage, parts: Iterable[dict[str, Any]]) -> dict[str, _Called]:
    sent = (part["functionCall"] for part in parts if "functionCall" in part)
    return {call.id: _Called(call.name, made.get("id")) for call, made in zip(message.tool_calls, sent, strict=False)}


def _tool_result(message: ChatMessage, called: dict[str, _Called]) -> dict[str, Any]:
    call = called.get(message.tool_call_id or "")
    if call is None:
        # The call was dropped to fit the context window, and Gemini rejects a result without its call.
        return {"text": f"Tool result:\n{message.content}"}
    response = {"name": call.name, "response": {"output": message.content}}
    return {"functionResponse": response | ({"id": call.id} if call.id else {})}


def _user_parts(message: ChatMessage) -> list[dict[str, Any]]:
    text = [{"text": message.content}] if message.content else []
    images = [{"inlineData": {"mimeType": image.media_type, "data": image.data}} for image in message.images]
    return [*text, *images]


def _declaration(tool: ToolSpec) -> dict[str, Any]:
    declaration = {"name": tool.name, "description": tool.description}
    if tool.parameters.get("properties"):
        return declaration | {"parametersJsonSchema": schema_of(tool.parameters)}
    return declaration


def _thinking(request: ChatRequest) -> dict[str, Any]:
    """Express the reasoning effort in the terms of the model's generation; empty for a model that doesn't reason."""
    effort = request.reasoning_effort
    if effort is None:
        return {}
    if _LEVELLED.match(request.model):
        return {"thinkingLevel": _level(effort, request.model)}
    budgeted = _BUDGETED.match(request.model)
    if budgeted is None:
        return {}
    # Thoughts count as output, so at least half of the output is reserved for the answer.
    room = request.max_output_tokens // 2
    if effort == "none" or room < _LEAST_ROOM_TO_THINK:
        return {"thinkingBudget": _SMALLEST_BUDGETS[budgeted[1]]}
    return {"thinkingBudget": min(_BUDGETS[effort], room)}


def _level(effort: ReasoningEffort, model: str) -> str:
    """Return the thinking level: https://ai.google.dev/gemini-api/docs/thinking#thinking-levels"""
    is_pro = "-pro" in model
    if effort == "none":
        # From Gemini 3 on, thinking can't be switched off.
        return "LOW" if is_pro else "MINIMAL"
    if effort == "medium" and model.startswith("gemini-3-pro"):
        # The first Pro has only two levels, low and high.
        return "HIGH"
    return effort.upper()
