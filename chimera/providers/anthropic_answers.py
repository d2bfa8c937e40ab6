"""An answer of the Messages API as it comes in events: blocks put together, and what may count as a whole answer.

The SDK takes a stream that breaks off for a finished one, and builds its objects without checking them; both are
checked here. Text and tool calls are cleaned here too. Reasoning can't be, since it is signed: where something in it
can't be stored as it is, none of it is kept.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from chimera.providers.anthropic_requests import PROVIDER
from chimera.providers.base import ChatEnd, ToolRequest
from chimera.providers.wire import SizeLimit, object_of
from chimera.text import clean_json, clean_text
from models.base import preview_of
from models.errors import ContentRefused, ContextTooLong, Malformed, Truncated
from models.tasks import FinishReason, Usage

_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
_REASONING = ("thinking", "redacted_thinking")
_FIGURES = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


@dataclass
class _Block:
    """One block of the answer; its longest part comes in pieces."""

    kind: str
    pieces: list[str] = field(default_factory=list)
    id: str = ""
    name: str = ""
    signature: str = ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Answer:
    """Collects the events of one answer."""

    def __init__(self, model: str, prefix: str, max_bytes: int) -> None:
        self._model = model
        self._prefix = prefix
        self._size = SizeLimit(max_bytes)
        self._blocks: dict[int, _Block] = {}
        self._figures: dict[str, Any] = {}
        self._reason: str | None = None
        self._refusal = ""
        self._stopped = False
        self._id: str | None = None

    def take(self, event: Any) -> str:
        """Take an event in and return its text, cleaned. Raises `AnswerTooLarge` and `Malformed`."""
        try:
            return clean_text(self._taken(event))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Malformed(f"{PROVIDER} sent an event of another shape ({type(error).__name__}).") from error

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises an error when it is no answer to use: cut, refused, or of another shape."""
        blocks = [block for _, block in sorted(self._blocks.items())]
        tools = tuple(_tool(block) for block in blocks if block.kind == "tool_use")
        has_text = any(block.kind == "text" and block.text for block in blocks)
        if self._reason is None or not self._stopped:
            raise Truncated(f"{PROVIDER} stopped in the middle of its answer; the answer is thrown away.")
        if self._reason == "refusal":
            raise ContentRefused(f"{PROVIDER}'s model refused: {self._refusal or 'it did not say why'}")
        if self._reason == "max_tokens" and tools:
            raise Truncated(
                f"The answer was cut inside a tool call at {max_output_tokens} tokens; raise max_output_tokens."
            )
        if self._reason == "model_context_window_exceeded" and tools:
            raise ContextTooLong(f"{self._model!r} at {PROVIDER} had no room left for its tool call.")
        reason = _REASONS.get(self._reason)
        if reason is None:
            raise Malformed(f"{PROVIDER} finished for an unknown reason, {self._reason[:40]!r}.")
        if reason == "tool_calls" and not tools:
            raise Malformed(f"{PROVIDER} finished for a tool call without making one.")
        if not tools and not has_text and reason != "length":
            raise Malformed(f"{PROVIDER} finished without a word or a tool call.")
        return ChatEnd(
            finish_reason="tool_calls" if tools else reason,
            usage=self._usage(),
            tool_calls=tools,
            request_id=self._id,
            state=self._state(blocks),
        )

    def _taken(self, event: Any) -> str:
        match event.type:
            case "message_start":
                self._id = event.message.id
                self._count_usage(event.message.usage)
            case "content_block_start":
                return self._begin(event.index, event.content_block)
            case "content_block_delta":
                return self._extend(self._blocks[event.index], event.delta)
            case "message_delta":
                self._reason = event.delta.stop_reason or self._reason
                self._count_usage(event.usage)
                details = getattr(event.delta, "stop_details", None)
                if details is not None:
                    self._refusal = _words_of(details)
            case "message_stop":
                self._stopped = True
        return ""

    def _begin(self, index: int, begun: Any) -> str:
        block = self._blocks[index] = _Block(begun.type)
        match begun.type:
            case "text":
                return self._add(block, begun.text)
            case "thinking":
                self._add(block, begun.thinking)
                block.signature = begun.signature or ""
            case "redacted_thinking":
                self._add(block, begun.data)
            case "tool_use":
                block.id, block.name = begun.id, begun.name
                self._add(block, json.dumps(begun.input) if begun.input else "")
        return ""

    def _extend(self, block: _Block, delta: Any) -> str:
        match delta.type:
            case "text_delta":
                return self._add(block, delta.text)
            case "thinking_delta":
                self._add(block, delta.thinking)
            case "signature_delta":
                self._size.count(delta.signature)
                block.signature += delta.signature
            case "input_json_delta":
                self._add(block, delta.partial_json)
        return ""

    def _add(self, block: _Block, piece: str) -> str:
        self._size.count(piece)
        block.pieces.append(piece)
        return piece

    def _count_usage(self, told: Any) -> None:
        """The figures of the end are totals, and repeat what the beginning said only in part."""
        for name in _FIGURES:
            value = getattr(told, name, None)
            if value is not None:
                self._figures[name] = value
        details = getattr(told, "output_tokens_details", None)
        if details is not None:
            self._figures["thinking_tokens"] = details.thinking_tokens

    def _usage(self) -> Usage | None:
        """None for figures that make no sense: the ledger then estimates, and says that it did."""
        told = self._figures
        if "input_tokens" not in told or "output_tokens" not in told:
            return None
        if not all(isinstance(figure, int) and figure >= 0 for figure in told.values()):
            return None
        read, written = told.get("cache_read_input_tokens", 0), told.get("cache_creation_input_tokens", 0)
        return Usage(
            input_tokens=told["input_tokens"] + read + written,
            cached_input_tokens=read,
            cache_write_tokens=written,
            output_tokens=told["output_tokens"],
            reasoning_tokens=told.get("thinking_tokens", 0),
        )

    def _state(self, blocks: list[_Block]) -> dict[str, Any] | None:
        """What goes back with this answer, if it has reasoning: all its blocks, and what they are bound to."""
        content = [sent for sent in map(_sent_back, blocks) if sent is not None]
        if not any(block["type"] in _REASONING for block in content) or content[-1]["type"] in _REASONING:
            return None
        if any(block["type"] == "thinking" and not block["signature"] for block in content):
            return None
        if clean_json(content) != content:
            return None
        return {"provider": PROVIDER, "model": self._model, "prefix": self._prefix, "content": content}


def _tool(block: _Block) -> ToolRequest:
    return ToolRequest(clean_text(block.id), clean_text(block.name), clean_text(block.text) or "{}")


def _sent_back(block: _Block) -> dict[str, Any] | None:
    match block.kind:
        case "text" if block.text.strip():
            return {"type": "text", "text": block.text}
        case "thinking":
            return {"type": "thinking", "thinking": block.text, "signature": block.signature}
        case "redacted_thinking":
            return {"type": "redacted_thinking", "data": block.text}
        case "tool_use":
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": object_of(block.text)}
    return None


def _words_of(details: Any) -> str:
    words = details.explanation or details.category or ""
    return preview_of(clean_text(words), 200)
