"""Messages of a model call, built by pure functions from transcript rows, so that they are the same after any crash."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from chimera.content.text import estimate_tokens
from chimera.ledger.transcripts import TranscriptRow
from chimera.providers.base import ChatMessage, ChatRequest, Image, ToolRequest, ToolSpec

FIRST_SEQ = 1000
REPLY = 500
TOOL_RESULT = 501
MESSAGE_OVERHEAD_TOKENS = 4
IMAGE_TOKENS = 1600
"""The approximate number of tokens of a large image at most vendors. Bills use the reported figures."""
NO_IMAGE_INPUT = "this model does not accept images"
_GUIDANCE = "Guidance:\n"


def guidance_message(text: str) -> str:
    return f"{_GUIDANCE}{text}"


def guidance_in(message: str) -> str:
    """Return the user's text in a message that `guidance_message` made."""
    return message.removeprefix(_GUIDANCE)


def row(seq: int, role: str, content: str, *, guidance_id: int | None = None) -> TranscriptRow:
    """Return a new transcript row with its estimated size."""
    return TranscriptRow(seq, role, content, tokens_of(content), guidance_id=guidance_id)


def tokens_of(content: str) -> int:
    return estimate_tokens(content) + MESSAGE_OVERHEAD_TOKENS


def input_tokens_of(chat: ChatRequest) -> int:
    """Estimate the input tokens of a request: messages with their tool calls and images, tools, and the answer's
    schema.
    """
    words = sum(tokens_of(message.content) for message in chat.messages)
    calls = sum(estimate_tokens(call.arguments) for message in chat.messages for call in message.tool_calls)
    images = sum(image_tokens_of(message.images) for message in chat.messages)
    return words + calls + images + offer_tokens_of(chat.tools, chat.response_schema)


def image_tokens_of(images: Sequence[Image]) -> int:
    return IMAGE_TOKENS * len(images)


def offer_tokens_of(tools: Sequence[ToolSpec], schema: dict[str, Any] | None) -> int:
    """Estimate the tokens of a request's parts other than messages: tools, and the answer's schema."""
    offered = sum(estimate_tokens(f"{tool.name}{tool.description}{tool.parameters}") for tool in tools)
    return offered + (estimate_tokens(str(schema)) if schema else 0)


def images_left_out(count: int, why: str) -> str:
    """Return the note below a prompt whose model doesn't receive all of its images."""
    return f"\n\n[This prompt includes {count} {'image' if count == 1 else 'images'} that can't be shown: {why}]"


def messages_of(
    system: str,
    rows: Sequence[TranscriptRow],
    left_out: int,
    images: Sequence[Image] = (),
    after: Mapping[int, ChatMessage] = MappingProxyType({}),
    conversation: Sequence[ChatMessage] | None = None,
) -> tuple[ChatMessage, ...]:
    """Turn rows into messages, attach the images to the first one, and add the messages in `after`, each after the row
    with its sequence. A reply's `conversation` comes before all rows.

    If older messages were left out, a note says so. Tool results whose call was left out are dropped.
    """
    head, tail = (list(rows[:1]), list(rows[1:])) if conversation is None else ([], list(rows))
    if left_out:
        while tail and tail[0].role == "tool":
            tail.pop(0)
            left_out += 1
    messages = [ChatMessage("system", system)] if system else []
    messages += conversation or ()
    messages += (replace(_message(first), images=tuple(images)) for first in head)
    if left_out:
        messages.append(
            ChatMessage("user", f"[{left_out} earlier messages were left out to fit the model's context window]")
        )
    for item in tail:
        messages.append(_message(item))
        if item.seq in after:
            messages.append(after[item.seq])
    return tuple(messages)


def _message(item: TranscriptRow) -> ChatMessage:
    calls = tuple(ToolRequest(c["id"], c["name"], c["arguments"]) for c in item.tool_calls or ())
    return ChatMessage(item.role, item.content, calls, item.tool_call_id, state=item.state)
