"""Translates a `ChatRequest` to the chat-completions API."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any, Literal

from chimera.providers.base import ChatMessage, ChatRequest, Image, ToolSpec
from chimera.providers.wire.http import object_of

LimitField = Literal["max_completion_tokens", "max_tokens"]
"""OpenAI renamed the field and rejects the old name for its newer models; other servers only know the old one."""

MAX_ID_CHARS = 40
"""OpenAI's limit for the ID of a tool call: https://github.com/vllm-project/vllm/issues/22966"""

_REASONING = re.compile(r"(o\d|gpt-[5-9])")


def body_of(request: ChatRequest, limit_field: LimitField, *, obeys_tool_choice: bool = True) -> dict[str, Any]:
    """Translate a request; unset fields are omitted, so that the server's defaults apply.

    If `tool_choice` is none and the server doesn't obey it, no tools are offered.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        limit_field: request.max_output_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.tools and (obeys_tool_choice or request.tool_choice != "none"):
        body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice != "auto":
            body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.response_schema is not None:
        body["response_format"] = _response_format(request.response_schema)
    if request.temperature is not None and not reasons(request.model):
        body["temperature"] = request.temperature
    if request.top_p is not None and not reasons(request.model):
        body["top_p"] = request.top_p
    if request.stop and not reasons(request.model):
        body["stop"] = list(request.stop)
    if request.reasoning_effort is not None:
        body["reasoning_effort"] = request.reasoning_effort
    return body


def reasons(model: str) -> bool:
    """Return whether this is one of OpenAI's reasoning models, which reject a temperature.

    https://platform.openai.com/docs/guides/latest-model#parameter-compatibility
    """
    return bool(_REASONING.match(model))


def allows_strict(schema: dict[str, Any]) -> bool:
    """Return whether OpenAI's strict mode accepts this schema: closed objects, required properties, no defaults.

    https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    if "default" in schema:
        return False
    properties = schema.get("properties", {})
    if "properties" in schema or schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required", ())) != set(properties):
            return False
    named = [*properties.values(), *schema.get("$defs", {}).values()]
    inner = [*named, schema.get("items"), *schema.get("anyOf", ())]
    return all(allows_strict(part) for part in inner if isinstance(part, dict))


def _message(message: ChatMessage) -> dict[str, Any]:
    translated: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.images:
        translated["content"] = [{"type": "text", "text": message.content}, *map(_image, message.images)]
    if message.tool_calls:
        translated["tool_calls"] = [
            {
                "id": _id(call.id),
                "type": "function",
                # vLLM and others reject a conversation with arguments that are not JSON.
                "function": {"name": call.name, "arguments": json.dumps(object_of(call.arguments), ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        translated["tool_call_id"] = _id(message.tool_call_id)
    return translated


def _id(call_id: str) -> str:
    """Return an ID that OpenAI accepts; vLLM's IDs, for example, are longer."""
    if len(call_id) <= MAX_ID_CHARS:
        return call_id
    return f"call_{sha256(call_id.encode()).hexdigest()[:32]}"


def _image(image: Image) -> dict[str, Any]:
    url = f"data:{image.media_type};base64,{b64encode(image.data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> str | dict[str, Any]:
    if choice in ("none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(schema: dict[str, Any]) -> dict[str, Any]:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(schema.get("title", "answer")))[:64]
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": schema, "strict": allows_strict(schema)},
    }
