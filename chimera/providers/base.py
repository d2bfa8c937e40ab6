"""The provider protocol, and its vendor-neutral inputs and outputs.

A provider only translates, and maps errors to `models/errors`. It doesn't handle retries, prices or the database. Every
call uses `stream`, even if no client follows it, because the stall limit is measured by the arriving bytes.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol, Self

from chimera.config.settings import Settings
from models.agents import ReasoningEffort
from models.tasks import FinishReason
from models.usage import Usage


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call that a model requests. `arguments` is the JSON text as it arrived, not yet validated."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a user's message. `media_type` is image/png, image/jpeg, image/gif or image/webp."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message; role is system, user, assistant or tool."""

    role: str
    content: str
    tool_calls: tuple[ToolRequest, ...] = ()
    tool_call_id: str | None = None
    images: tuple[Image, ...] = ()
    state: dict[str, Any] | None = None
    """For an assistant's message, the `ChatEnd.state` that arrived with it."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as it is offered to a model; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A vendor-neutral call. `model` is the name after the slash."""

    model: str
    messages: tuple[ChatMessage, ...]
    call_id: str
    attempt: int
    max_output_tokens: int
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    """auto, none, required, or the name of the tool to call.

    none: the tools are listed, so that the prompt's cache and signatures stay valid, but must not be called. A
    provider omits them if its servers would call them anyway.
    """
    response_schema: dict[str, Any] | None = None
    temperature: float | None = None
    """Omitted for models that don't support it."""
    top_p: float | None = None
    """Omitted like the temperature."""
    stop: tuple[str, ...] = ()
    """Texts before which the answer ends. Omitted for models that don't support them."""
    reasoning_effort: ReasoningEffort | None = None
    """None: the model's default. Omitted for models that don't reason."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ChatEnd:
    """The end of an answer. `usage` is None when the provider reported none."""

    finish_reason: FinishReason
    usage: Usage | None
    tool_calls: tuple[ToolRequest, ...] = ()
    request_id: str | None = None
    state: dict[str, Any] | None = None
    """State that the provider needs back verbatim in the next request, such as signed reasoning. It is JSON:
    `{"provider": its name, …}`. A provider ignores another provider's state, so a conversation can move between them.
    """
    answer: str | None = None
    """The whole answer, if it is shorter than the yielded text because a thought at its beginning was noticed late."""
    thought: str = ""
    """The model's reasoning, cleaned; never part of the answer."""
    skipped: int = 0
    """Number of pieces of the stream that had no known meaning and were omitted."""
    first_token_ms: int | None = None
    """Milliseconds from the request to the first piece of text; set by the reader of the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time limits of a provider, in seconds, and size limits."""

    first_byte_s: float
    stall_s: float
    """The longest wait for the next piece of an answer."""
    total_s: float
    """The longest wait for an answer that arrives in one piece, such as an image or a transcription."""
    max_answer_bytes: int
    max_media_bytes: int
    """The maximum size of an answer with images or vectors."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            first_byte_s=settings.call_first_byte_s,
            stall_s=settings.call_stall_s,
            total_s=settings.call_total_s,
            max_answer_bytes=settings.max_answer_bytes,
            max_media_bytes=settings.max_media_bytes,
        )


class Provider(Protocol):
    """The interface to a vendor's models."""

    name: str
    simulated: bool

    async def connect(self) -> None:
        """Load what the first request needs, in a thread, without sending anything. Later calls do nothing."""
        ...

    async def models(self) -> tuple[str, ...]:
        """List the names of the models that the key can access, sorted.

        This is the cheapest request that shows whether a key is valid. Raises a `ProviderError`.
        """
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Yield the text as it arrives, then exactly one `ChatEnd`, whose `answer`, if set, replaces all yielded text.

        Raises a `ProviderError` of `models/errors`: `Truncated` if the stream ends without a finish reason.
        Closing the generator closes the connection: read it inside `contextlib.aclosing`.
        """
        ...

    async def close(self) -> None: ...
