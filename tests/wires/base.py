"""What the contract knows of a vendor's wire: how a server of it says things, and what it understands of a request.

In no vendor's words, so that one test can be put to all of them. A `Wire` is the only thing that a new provider adds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from chimera.providers.base import ToolRequest
from models.usage import Usage
from tests.wires.server import Script

Stop = Literal["stop", "length", "refused", "strange"]
Kind = Literal[
    "bad_request",
    "wrong_key",
    "forbidden",
    "no_quota",
    "unknown_model",
    "context_too_long",
    "rate_limited",
    "timeout",
    "conflict",
    "internal",
    "overloaded",
]
KEY = "sk-proj-veryverysecret1234567890"
USAGE = Usage(input_tokens=100, cached_input_tokens=64, output_tokens=35, reasoning_tokens=30)


@dataclass(frozen=True)
class ModelAnswer:
    """An answer, in its order: thoughts, text, calls. Without a `stop` it breaks off, in the midst of its last call."""

    pieces: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()
    calls: tuple[ToolRequest, ...] = ()
    stop: Stop | None = "stop"
    usage: Usage | None = USAGE
    id: str = "answer-1"
    signed: bool = False
    """With reasoning that has to come back in the next request, where the vendor knows such a thing."""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the vendor's server understands it."""

    model: str
    system: str
    items: tuple[tuple[str, ...], ...]
    """The conversation: ("user", text), ("assistant", text), ("call", name, arguments), ("result", arguments of its
    call, text), ("image", media type, data in base64)."""
    tools: tuple[str, ...]
    may_call: bool
    schema: Mapping[str, Any] | None
    max_output_tokens: int
    effort: str | None
    temperature: float | None
    state: str
    """Reasoning that came back, as text; empty without."""


class Wire(Protocol):
    """One provider's wire, at a server of ours."""

    name: str
    sdk: str
    """The package that it speaks through."""
    model: str
    """One that reasons, calls tools, sees and has a price."""
    sends_state: bool
    takes_temperature: bool
    keeps_tools: bool
    """Is told of tools also where none may be called."""
    settings: Mapping[str, object]
    """That make the provider, but for its address."""
    address_setting: str
    path: str
    """What the address ends in."""
    call_ids: tuple[str, str, str]
    """As the vendor gives them to tool calls: two of one answer, and one of another."""
    keep_alive: bytes

    def framed(self, data: bytes) -> bytes:
        """One event in mid-answer with this data, valid or not."""
        ...

    def frames_of(self, answer: ModelAnswer) -> Sequence[bytes]:
        """The frames of an answer."""
        ...

    def refused(self, kind: Kind, words: str) -> tuple[int, Any]:
        """Status and body of a refusal."""
        ...

    def broken_by(self, kind: Kind) -> bytes:
        """An error as it comes in the midst of an answer."""
        ...

    def listed(self, names: Sequence[str]) -> Any:
        """The body of a list of models; may have models that can't be called besides."""
        ...

    def parse(self, body: Any, target: str) -> ReceivedRequest:
        """Understand a request. Fails where the vendor would refuse it."""
        ...

    def key_in(self, headers: Mapping[str, str]) -> str: ...


@dataclass
class Conversation:
    """Puts a request's items together and checks what all vendors check: every call has its one result, next."""

    items: list[tuple[str, ...]] = field(default_factory=list)
    open_calls: dict[str, str] = field(default_factory=dict)
    """Arguments by id, of calls without a result yet."""

    def add_message(self, role: str, text: str) -> None:
        if text:
            assert role == "user" or not self.open_calls, "a call stands without its result"
            self.items.append((role, text))

    def call(self, id: str, name: str, arguments: Mapping[str, Any]) -> None:
        assert id not in self.open_calls, f"two calls have the id {id}"
        self.open_calls[id] = json.dumps(arguments)
        self.items.append(("call", name, self.open_calls[id]))

    def result(self, id: str, text: str) -> None:
        assert id in self.open_calls, f"{id} is the result of no call"
        self.items.append(("result", self.open_calls.pop(id), text))

    def done(self) -> tuple[tuple[str, ...], ...]:
        assert not self.open_calls, "a call has no result"
        return tuple(self.items)


def event(data: Any, kind: str = "") -> bytes:
    """A server-sent event."""
    name = f"event: {kind}\n" if kind else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def plain(status: int, body: Any, **headers: str) -> Script:
    """A whole JSON answer."""
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script([json.dumps(body).encode()], status, {"content-type": "application/json", **renamed})
