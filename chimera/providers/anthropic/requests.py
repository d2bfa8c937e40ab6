"""Translates a `ChatRequest` to Anthropic's Messages API.

In this API, conversations alternate between two roles, tool results belong to the user, and nothing may be empty.
Reasoning is sent back signed and verbatim. Newer models reject it if anything before it has changed; it is then
omitted. https://platform.claude.com/docs/en/build-with-claude/preserved-thinking
"""

import hashlib
import json
import re
from base64 import b64encode
from typing import Any

from chimera.providers.anthropic.models import reasoning_of
from chimera.providers.base import ChatMessage, ChatRequest, Image, ToolSpec
from chimera.providers.wire.http import object_of
from models.base import preview_of
from models.errors import BadRequest

PROVIDER = "anthropic"

_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_ANY_INPUT = {"type": "object"}
_CACHED = {"type": "ephemeral"}


def body_of(request: ChatRequest) -> dict[str, Any]:
    """Translate a request. Raises `BadRequest` for an answer's schema that Claude doesn't support.

    A temperature is omitted: current models reject it.
    """
    conversation = _Conversation(request)
    reasoning = reasoning_of(request.model, request.reasoning_effort, request.max_output_tokens)
    if reasoning.get("thinking", {}).get("type") == "enabled" and conversation.lacks_reasoning():
        # A turn that calls tools must begin with its reasoning, or reasoning must be off.
        reasoning = {}
    choice = _tool_choice(request)
    if choice["type"] in ("any", "tool"):
        # Claude rejects a forced call together with reasoning.
        reasoning = {}
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": conversation.turns,
        "stream": True,
        **reasoning,
    }
    if conversation.system:
        body["system"] = _system(conversation.system, is_read_again=bool(request.tools))
    if conversation.tools:
        body["tools"] = conversation.tools
    if request.stop:
        # A text of white space is rejected.
        body["stop_sequences"] = [text for text in request.stop if text.strip()]
    if conversation.tools and choice["type"] != "auto":
        body["tool_choice"] = choice
    if request.tools and request.tool_choice != "none":
        # The next turn reads all of this again. Otherwise, there is no next turn, and writing the cache costs extra.
        body["cache_control"] = _CACHED
    if request.response_schema is not None:
        body["output_config"] = {**body.get("output_config", {}), "format": _format(request.response_schema)}
    return body


def supports_schema(request: ChatRequest) -> bool:
    """Return whether Claude supports the answer's schema, if there is one.

    Every object is closed, so objects with names that the schema doesn't list could only be empty.
    """
    if request.response_schema is None:
        return True
    if _has_open_objects(request.response_schema):
        return False
    try:
        _format(request.response_schema)
    except BadRequest:
        return False
    return True


def prefix_of(body: dict[str, Any]) -> str:
    """Return a fingerprint of everything that an answer's reasoning is bound to."""
    system = "".join(block["text"] for block in body.get("system", ()))
    return _Fingerprint(system, body.get("tools", []), body["messages"]).value()


class _Fingerprint:
    """A hash that is extended with the conversation, so that each turn is read only once."""

    def __init__(self, system: str, tools: list[dict[str, Any]], turns: list[dict[str, Any]]) -> None:
        self._hash = hashlib.sha256(_canonical([system, tools]))
        for turn in turns:
            self.add(turn)

    def add(self, turn: dict[str, Any]) -> None:
        self._hash.update(_canonical(turn))

    def value(self) -> str:
        return self._hash.hexdigest()[:32]


class _Conversation:
    """The messages as turns, with tool-call IDs that the API accepts."""

    def __init__(self, request: ChatRequest) -> None:
        spoken = [message for message in request.messages if message.role != "system"]
        self.system = "\n\n".join(m.content for m in request.messages if m.role == "system" and m.content.strip())
        self.tools = [_tool(tool) for tool in request.tools] or _tools_spoken_of(spoken)
        self.turns: list[dict[str, Any]] = []
        self._model = request.model
        self._fingerprint = _Fingerprint(self.system, self.tools, [])
        self._fingerprinted = 0
        self._ids: dict[str, str] = {}
        self._used: set[str] = set()
        for message in spoken:
            self._add(message)

    def lacks_reasoning(self) -> bool:
        """Return whether the assistant's last turn calls tools without the reasoning before it."""
        last: list[dict[str, Any]] = next(
            (turn["content"] for turn in reversed(self.turns) if turn["role"] == "assistant"), []
        )
        calls = any(block["type"] == "tool_use" for block in last)
        return calls and last[0]["type"] not in ("thinking", "redacted_thinking")

    def _add(self, message: ChatMessage) -> None:
        role = "assistant" if message.role == "assistant" else "user"
        if role == "assistant":
            blocks = self._returned(message) or self._blocks_of(message)
        elif message.tool_call_id is not None:
            blocks = [self._result(message.tool_call_id, message.content)]
        else:
            blocks = [*map(_image, message.images), *_text(message.content)]
        if not blocks:
            return
        if self.turns and self.turns[-1]["role"] == role:
            # Tool results must come first in their turn.
            together = [*self.turns[-1]["content"], *blocks]
            self.turns[-1]["content"] = sorted(together, key=lambda block: role == "user" and not _is_result(block))
        else:
            self.turns.append({"role": role, "content": blocks})

    def _returned(self, message: ChatMessage) -> list[dict[str, Any]]:
        """Return an answer's blocks unchanged if this model may receive them; otherwise none."""
        state = message.state or {}
        if state.get("provider") != PROVIDER or state.get("model") != self._model:
            return []
        if state.get("prefix") != self._prefix():
            return []
        blocks: list[dict[str, Any]] = state["content"]
        for block in blocks:
            if block["type"] == "tool_use":
                self._ids[block["id"]] = block["id"]
                self._used.add(block["id"])
        return blocks

    def _blocks_of(self, message: ChatMessage) -> list[dict[str, Any]]:
        calls = [
            {"type": "tool_use", "id": self._new_id(call.id), "name": call.name, "input": object_of(call.arguments)}
            for call in message.tool_calls
        ]
        return [*_text(message.content), *calls]

    def _result(self, call_id: str, content: str) -> dict[str, Any]:
        result = {"type": "tool_result", "tool_use_id": self._ids.get(call_id) or _allowed(call_id)}
        return {**result, "content": content} if content.strip() else result

    def _new_id(self, call_id: str) -> str:
        """Make a unique ID: other servers number their calls from one in each answer, but here IDs must not repeat."""
        wanted = new = _allowed(call_id)
        count = 1
        while new in self._used:
            count += 1
            new = f"{wanted}_{count}"
        self._used.add(new)
        self._ids[call_id] = new
        return new

    def _prefix(self) -> str:
        for turn in self.turns[self._fingerprinted :]:
            self._fingerprint.add(turn)
        self._fingerprinted = len(self.turns)
        return self._fingerprint.value()


def _format(schema: dict[str, Any]) -> dict[str, Any]:
    from anthropic import transform_schema

    try:
        # This closes every object, and moves unsupported keywords (lengths, patterns) into the descriptions.
        return {"type": "json_schema", "schema": transform_schema(schema)}
    except (AssertionError, AttributeError, TypeError, ValueError) as error:
        raise BadRequest(f"Claude doesn't support the answer's schema: {preview_of(str(error), 160)}") from error


def _has_open_objects(schema: object) -> bool:
    if isinstance(schema, list):
        return any(map(_has_open_objects, schema))
    if not isinstance(schema, dict):
        return False
    names_none = schema.get("type") == "object" and not schema.get("properties")
    is_open = schema.get("additionalProperties", False) is not False or "patternProperties" in schema
    return names_none or is_open or any(map(_has_open_objects, schema.values()))


def _tool_choice(request: ChatRequest) -> dict[str, Any]:
    if not request.tools or request.tool_choice == "none":
        return {"type": "none"}
    match request.tool_choice:
        case "auto":
            return {"type": "auto"}
        case "required":
            return {"type": "any"}
        case name:
            return {"type": "tool", "name": name}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": {**_ANY_INPUT, **tool.parameters}}


def _tools_spoken_of(messages: list[ChatMessage]) -> list[dict[str, Any]]:
    """Return the tools that a conversation used: a request must declare them even if it offers no tools."""
    names = {call.name for message in messages for call in message.tool_calls}
    return [{"name": name, "input_schema": _ANY_INPUT} for name in sorted(names)]


def _system(text: str, *, is_read_again: bool) -> list[dict[str, Any]]:
    """Return the system prompt; if another turn will read it, it is cached separately, along with the tools before it.

    A turn that may not call tools has another `tool_choice`, which invalidates the cached messages, but not this part.
    https://platform.claude.com/docs/en/build-with-claude/prompt-caching#what-invalidates-the-cache
    """
    block = {"type": "text", "text": text}
    return [{**block, "cache_control": _CACHED} if is_read_again else block]


def _text(content: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if content.strip() else []


def _image(image: Image) -> dict[str, Any]:
    source = {"type": "base64", "media_type": image.media_type, "data": b64encode(image.data).decode()}
    return {"type": "image", "source": source}


def _is_result(block: dict[str, Any]) -> bool:
    return bool(block["type"] == "tool_result")


def _allowed(call_id: str) -> str:
    allowed = _NOT_IN_IDS.sub("_", call_id)
    if allowed == call_id and call_id:
        return call_id
    # Two IDs that differ only in the replaced characters must not become the same.
    return f"{allowed}_{hashlib.sha256(call_id.encode()).hexdigest()[:8]}"


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
