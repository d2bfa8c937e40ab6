"""The provider protocol, and its plain inputs and outputs.

A provider only translates, and maps its errors to `models/errors`: no retries, no prices, no database. `stream` is the
only way to call, even without followers: the bytes feed the stall limit.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

from chimera.config.settings import Settings
from models.agents import ReasoningEffort
from models.tasks import FinishReason
from models.usage import Usage


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call that a model asks for. `arguments` is the JSON text as it came, not yet trusted."""

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
    """Of an assistant's message: the `ChatEnd.state` that came with it."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is offered it; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A call, in no vendor's words. `model` is the name after the slash."""

    model: str
    messages: tuple[ChatMessage, ...]
    call_id: str
    attempt: int
    max_output_tokens: int
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "none"] = "auto"
    """none: the tools are listed, so that the prompt's cache and signatures stay valid, but must not be called. A
    provider whose servers call them nevertheless leaves them out.
    """
    response_schema: dict[str, Any] | None = None
    temperature: float | None = None
    """Left out where a model doesn't take it."""
    reasoning_effort: ReasoningEffort | None = None
    """None: what the model does by default. A model that doesn't reason is sent nothing."""


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
    """State that the provider needs back verbatim in the next request, signed reasoning for one: `{"provider": its
    name, …}`, JSON throughout. A provider leaves out what another one's state holds, so that a conversation can move.
    """
    answer: str | None = None
    """The whole answer, where it is less than what was yielded: a thought came first, and was seen to be one later."""
    thought: str = ""
    """The model's reasoning, cleaned; never part of the answer."""
    skipped: int = 0
    """Pieces of the stream that had no known meaning and were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time limits of a provider, in seconds, and size limits."""

    first_byte_s: float
    stall_s: float
    """The longest wait for the next piece of an answer."""
    total_s: float
    """For what comes in one piece: an image, a transcription."""
    max_answer_bytes: int
    max_media_bytes: int
    """Of an answer with images or vectors in it."""

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
    """A vendor of model calls."""

    name: str
    simulated: bool

    async def connect(self) -> None:
        """Load what the first request needs, in a thread; nothing is sent. Does nothing the second time."""
        ...

    async def models(self) -> tuple[str, ...]:
        """List the names of the models that the key gives access to, sorted.

        The cheapest request that shows whether a key is right. Raises a `ProviderError`.
        """
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        """Yield the text as it comes, then exactly one `ChatEnd`, whose `answer` replaces all of it if it has one.

        Raises a `ProviderError` of `models/errors`; a stream that ends without a finish reason is `Truncated`.
        Closing the generator closes the connection: read it inside `contextlib.aclosing`.
        """
        ...

    async def close(self) -> None: ...
