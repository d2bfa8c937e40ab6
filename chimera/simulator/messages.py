"""A request's messages: their texts, their images, and the tool calls with their results."""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

Message = dict[str, Any]

# The second number tells the calls of a turn apart. Chimera appends underscores to IDs that are already in use.
_TURN_ID = re.compile(r"call_(\d+)(?:_\d+)?_*")


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool's result, with the tool's name and arguments if its call is among the messages."""

    text: str
    tool: str = ""
    arguments: str = ""


def messages_in(body: dict[str, Any]) -> list[Message]:
    """Return the messages of a chat-completions request."""
    return [message for message in body.get("messages", ()) if isinstance(message, dict)]


def text_of(message: Message) -> str:
    """Return a message's text; its parts are on lines of their own."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def calls_in(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the tool calls of the assistant's messages."""
    return [call for message in messages for call in message.get("tool_calls") or () if isinstance(call, dict)]


def tool_results_in(messages: Sequence[Message]) -> list[ToolResult]:
    """Return the results of tools, oldest first."""
    functions = {str(call.get("id")): call.get("function") or {} for call in calls_in(messages)}
    results = []
    for message in messages:
        if message.get("role") == "tool":
            function = functions.get(str(message.get("tool_call_id")), {})
            name = str(function.get("name") or message.get("name") or "")
            results.append(ToolResult(text_of(message), name, str(function.get("arguments", ""))))
    return results


def images_in(messages: Sequence[Message]) -> list[str]:
    """Describe each image by its type, its size in bytes and the beginning of its SHA-256."""
    contents = (message.get("content") for message in messages)
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]
    return [_described(part.get("image_url")) for part in parts if part.get("type") == "image_url"]


def turn_of(messages: Sequence[Message]) -> int:
    """Return the number of the turn that answers these messages, from 1.

    It is derived from tool call IDs, so that it stays right when older messages are trimmed.
    """
    ids = [str(call.get("id", "")) for call in calls_in(messages)]
    ids += [str(message.get("tool_call_id", "")) for message in messages]
    seen = [int(match[1]) for match in map(_TURN_ID.fullmatch, ids) if match]
    return max(seen, default=sum(message.get("role") == "assistant" for message in messages)) + 1


def _described(image: object) -> str:
    url = str(image.get("url", "")) if isinstance(image, dict) else str(image)
    head, _, data = url.partition(",")
    try:
        content = b64decode(data, validate=True)
    except ValueError:
        content = b""
    if not head.startswith("data:") or not content:
        return "not included in the request"
    media_type = head.removeprefix("data:").removesuffix(";base64")
    return f"{media_type}, {len(content)} bytes, SHA-256 {sha256(content).hexdigest()[:8]}"
