"""An answer as it comes in pieces: text passed on, tool calls put together, and what may count as a whole answer.

The SDK takes a stream that breaks off for a finished one, and builds its objects without checking them; both are
checked here. Everything is cleaned here too, so nothing behind a provider ever sees text that can't be stored.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chimera.providers.base import ChatEnd, ToolRequest
from chimera.providers.wire import SizeLimit
from chimera.text import clean_text
from models.base import preview_of
from models.errors import ContentRefused, Malformed, Truncated
from models.tasks import FinishReason, Usage

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "length": "length",
    "content_filter": "content_filter",
}


@dataclass
class _ToolParts:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Answer:
    """Collects the chunks of one answer."""

    def __init__(self, provider: str, max_bytes: int) -> None:
        self._provider = provider
        self._size = SizeLimit(max_bytes)
        self._tools: dict[int, _ToolParts] = {}
        self._refusal = ""
        self._has_text = False
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._id: str | None = None

    def take(self, chunk: "ChatCompletionChunk") -> str:
        """Take a chunk in and return its text, cleaned. Raises `AnswerTooLarge` and `Malformed`."""
        try:
            return clean_text(self._taken(chunk))
        except (AttributeError, TypeError, ValueError) as error:
            raise Malformed(f"{self._provider} sent a chunk of another shape ({type(error).__name__}).") from error

    def end(self, max_output_tokens: int) -> ChatEnd:
        """Close the answer. Raises `Truncated`, `ContentRefused` or `Malformed` when it is no answer to use."""
        tools = tuple(self._tool(index, parts) for index, parts in sorted(self._tools.items()))
        if self._reason is None:
            raise Truncated(f"{self._provider} stopped in the middle of its answer; the answer is thrown away.")
        if self._reason == "content_filter":
            raise ContentRefused(f"{self._provider} held its answer back by its content filter.")
        if self._refusal and not self._has_text:
            raise ContentRefused(f"{self._provider}'s model refused: {preview_of(clean_text(self._refusal), 200)}")
        if self._reason == "length" and tools:
            raise Truncated(
                f"The answer was cut inside a tool call at {max_output_tokens} tokens; raise max_output_tokens."
            )
        if not tools and not self._has_text and self._reason != "length":
            raise Malformed(f"{self._provider} finished without a word or a tool call.")
        return ChatEnd(finish_reason=self._known_reason(), usage=self._usage, tool_calls=tools, request_id=self._id)

    def _taken(self, chunk: "ChatCompletionChunk") -> str:
        self._id = self._id or chunk.id
        if chunk.usage is not None:
            self._usage = _usage_of(chunk.usage)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self._reason = choice.finish_reason or self._reason
        text = choice.delta.content or ""
        self._refusal += choice.delta.refusal or ""
        self._has_text = self._has_text or bool(text)
        self._size.count(text)
        for part in choice.delta.tool_calls or ():
            self._add(part)
        return text

    def _add(self, part: "ChoiceDeltaToolCall") -> None:
        # Some servers send no index; then a part with an id begins a call and one without continues the last.
        index: Any = part.index
        if index is None:
            index = len(self._tools) if part.id else max(self._tools, default=0)
        tool = self._tools.setdefault(index, _ToolParts())
        tool.id = tool.id or part.id or ""
        if part.function is not None:
            tool.name = tool.name or part.function.name or ""
            tool.arguments.append(part.function.arguments or "")
            self._size.count(tool.arguments[-1])

    def _tool(self, index: int, parts: _ToolParts) -> ToolRequest:
        if not parts.name and self._reason is not None:
            raise Malformed(f"{self._provider} asked for a tool without naming it.")
        arguments = clean_text("".join(parts.arguments))
        return ToolRequest(clean_text(parts.id) or f"call_{index}", clean_text(parts.name), arguments)

    def _known_reason(self) -> FinishReason:
        if self._tools:
            # Some servers finish with "stop" though they ask for tools.
            return "tool_calls"
        known = _REASONS.get(str(self._reason))
        if known is None:
            raise Malformed(f"{self._provider} finished for an unknown reason, {str(self._reason)[:40]!r}.")
        return known


def _usage_of(told: Any) -> Usage | None:
    """None for figures that make no sense: the ledger then estimates, and says that it did."""
    read, written = told.prompt_tokens_details, told.completion_tokens_details
    figures = (
        told.prompt_tokens,
        (read.cached_tokens if read else 0) or 0,
        told.completion_tokens,
        (written.reasoning_tokens if written else 0) or 0,
    )
    if not all(isinstance(figure, int) and figure >= 0 for figure in figures):
        return None
    return Usage(
        input_tokens=figures[0],
        cached_input_tokens=figures[1],
        output_tokens=figures[2],
        reasoning_tokens=figures[3],
    )
