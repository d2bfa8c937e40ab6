"""A Gemini answer as it comes in pieces, and what may count as a whole one.

Each chunk is a whole little response: function calls come unbroken, usage is told anew each time. The SDK takes a
stream that breaks off for a finished one. Everything is cleaned here, so nothing behind sees text that can't be stored.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from chimera.providers.base import ChatEnd, ToolRequest
from chimera.providers.google_requests import PROVIDER
from chimera.providers.wire import SizeLimit
from chimera.text import clean_json, clean_text
from models.base import preview_of
from models.errors import BadRequest, ContentRefused, Malformed, Truncated
from models.tasks import FinishReason, Usage

if TYPE_CHECKING:
    from google.genai.types import Candidate, FunctionCall, GenerateContentResponse, Part

_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    # Google itself says STOP after calls too; servers that stand in for it say this.
    "FUNCTION_CALL": "stop",
    "MAX_TOKENS": "length",
    # Only with continuation, which is off: the limit was the server's own.
    "CONTINUATION": "length",
}

_REFUSALS = {
    *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    *("ESCALATION", "PUP_LIMITED_DISABLED", "MODEL_ARMOR"),
}

_MAX_ID_CHARS = 40
"""What OpenAI takes, should the conversation move there."""


class Answer:
    """Collects the chunks of one answer."""

    def __init__(self, model: str, max_bytes: int) -> None:
        self._model = model
        self._size = SizeLimit(max_bytes)
        self._parts: list[dict[str, Any]] = []
        self._calls: list[FunctionCall] = []
        self._has_text = False
        self._is_signed = False
        self._blocked: str | None = None
        self._reason: str | None = None
        self._reason_message = ""
        self._usage: Usage | None = None
        self._id: str | None = None

    def take(self, chunk: "GenerateContentResponse") -> str:
        """Take a chunk in and return its text, cleaned, without thoughts. Raises `AnswerTooLarge`."""
        self._id = self._id or clean_text(chunk.response_id or "") or None
        if chunk.usage_metadata is not None:
            self._usage = _usage_of(chunk.usage_metadata)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None:
            self._blocked = chunk.prompt_feedback.block_reason.value
        return clean_text(self._taken(chunk.candidates[0])) if chunk.candidates else ""

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises `Truncated`, `ContentRefused`, `Malformed` or `BadRequest`."""
        if self._blocked is not None:
            raise ContentRefused(f"google refused the prompt ({self._blocked[:40]}).")
        if self._reason is None:
            raise Truncated("google stopped in the middle of its answer; the answer is thrown away.")
        finish_reason = known_reason(self._reason, self._reason_message)
        tools = tuple(self._tool(index, call) for index, call in enumerate(self._calls))
        if finish_reason == "length" and tools:
            raise Truncated(
                f"The answer was cut inside a tool call at {max_output_tokens} tokens; raise max_output_tokens."
            )
        if not tools and not self._has_text and finish_reason != "length":
            raise Malformed("google finished without a word or a tool call.")
        return ChatEnd(
            finish_reason="tool_calls" if tools else finish_reason,
            usage=self._usage,
            tool_calls=tools,
            request_id=self._id,
            state=self._state(),
        )

    def _taken(self, candidate: "Candidate") -> str:
        if candidate.finish_reason is not None:
            self._reason = candidate.finish_reason.value
            self._reason_message = candidate.finish_message or ""
        parts = (candidate.content.parts if candidate.content is not None else None) or []
        return "".join(map(self._add, parts))

    def _add(self, part: "Part") -> str:
        """Keep a part and return the text in it that is meant to be read."""
        if part.text is None and part.function_call is None:
            # Pictures and code that ran are nothing that was asked for.
            return ""
        kept = part.model_dump(mode="json", by_alias=True, exclude_none=True)
        self._size.count(json.dumps(kept, ensure_ascii=False))
        self._is_signed = self._is_signed or part.thought_signature is not None
        self._keep(kept)
        if part.function_call is not None:
            self._calls.append(part.function_call)
        if part.thought or not part.text:
            return ""
        self._has_text = True
        return part.text

    def _keep(self, part: dict[str, Any]) -> None:
        """Join text that came in pieces; a signature is worth nothing on another part than its own."""
        last = self._parts[-1] if self._parts else {}
        if part.keys() == {"text"} == last.keys():
            last["text"] += part["text"]
        else:
            self._parts.append(part)

    def _tool(self, index: int, call: "FunctionCall") -> ToolRequest:
        if not call.name:
            raise Malformed("google asked for a tool without naming it.")
        arguments = json.dumps(clean_json(call.args or {}), ensure_ascii=False)
        # Older models number no calls. The answer's id keeps ours apart from those of other answers.
        own_id = f"call_{index}_{re.sub('[^A-Za-z0-9_-]', '', self._id or '')}"[:_MAX_ID_CHARS].rstrip("_")
        return ToolRequest(clean_text(call.id or "") or own_id, clean_text(call.name), arguments)

    def _state(self) -> dict[str, Any] | None:
        """What goes back as it came. Without a signature the message itself says all of it."""
        if not self._is_signed:
            return None
        return {"provider": PROVIDER, "model": self._model, "parts": clean_json(self._parts)}


def known_reason(told: str, message: str) -> FinishReason:
    """Read why an answer ended. Raises `ContentRefused`, `BadRequest` or `Malformed` when that makes it none."""
    known = _REASONS.get(told)
    if known is not None:
        return known
    reason = clean_text(f"{told[:40]} {preview_of(message, 150)}").strip()
    if told in _REFUSALS:
        raise ContentRefused(f"google held its answer back: {reason}")
    if told == "MISSING_THOUGHT_SIGNATURE":
        raise BadRequest(f"google misses the model's signature in the conversation: {reason}")
    raise Malformed(f"google gave no answer that can be used: {reason}")


def _usage_of(told: Any) -> Usage | None:
    """None for figures that make no sense: the ledger then estimates, and says that it did."""
    if told.prompt_token_count is None:
        return None
    thoughts = told.thoughts_token_count or 0
    figures = {
        "input_tokens": told.prompt_token_count + (told.tool_use_prompt_token_count or 0),
        "cached_input_tokens": told.cached_content_token_count or 0,
        "output_tokens": (told.candidates_token_count or 0) + thoughts,
        "reasoning_tokens": thoughts,
    }
    return Usage(**figures) if min(figures.values()) >= 0 else None
