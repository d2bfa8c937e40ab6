"""The contract's view of a vendor's wire: how its server sends things, and how it understands a request.

Nothing here uses a vendor's own terms, so that one test works for all of them. A new provider adds only a `Wire`.
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
    """An answer, in order: thoughts, text, calls. Without a `stop`, it breaks off in the middle of its last call."""

    pieces: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()
    calls: tuple[ToolRequest, ...] = ()
    stop: Stop | None = "stop"
    usage: Usage | None = USAGE
    id: str = "answer-1"
    signed: bool = False
    """Includes reasoning that must be sent back in the next request, if the vendor supports that."""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the vendor's server understands it."""

    model: str
    system: str
    items: tuple[tuple[str, ...], ...]
    """The conversation: ("user", text), ("assistant", text), ("call", name, arguments), ("result", arguments of its
    call, text), ("image", media type, data in base64).
    """
    tools: tuple[str, ...]
    may_call: bool
    schema: Mapping[str, Any] | None
    max_output_tokens: int
    effort: str | None
    temperature: float | None
    state: str
    """The reasoning that was sent back, as text; empty if there is none."""


class Wire(Protocol):
    """One provider's wire, connected to a test server."""

    name: str
    sdk: str
    """The package of the SDK that the provider uses."""
    model: str
    """A model that reasons, calls tools, accepts images and has a price."""
    sends_state: bool
    takes_temperature: bool
    keeps_tools: bool
    """Whether requests declare tools even when none may be called."""
    settings: Mapping[str, object]
    """The settings that create the provider, except for its address."""
    address_setting: str
    path: str
    """The path at the end of the address."""
    call_ids: tuple[str, str, str]
    """IDs as the vendor gives them to tool calls: two of one answer, and one of another answer."""
    keep_alive: bytes

    def framed(self, data: bytes) -> bytes:
        """Return one event in the middle of an answer with this data, valid or not."""
        ...

    def frames_of(self, answer: ModelAnswer) -> Sequence[bytes]:
        """Return the frames of an answer."""
        ...

    def refused(self, kind: Kind, words: str) -> tuple[int, Any]:
        """Return the status and body of a refusal."""
        ...

    def broken_by(self, kind: Kind) -> bytes:
        """Return an error as sent in the middle of an answer."""
        ...

    def listed(self, names: Sequence[str]) -> Any:
        """Return the body of a list of models, which may also contain models that can't be called."""
        ...

    def parse(self, body: Any, target: str) -> ReceivedRequest:
        """Parse a request. Fails if the vendor would refuse it."""
        ...

    def key_in(self, headers: Mapping[str, str]) -> str: ...


@dataclass
class Conversation:
    """Assembles a request's items, and checks what all vendors check: each call is followed by exactly one result."""

    items: list[tuple[str, ...]] = field(default_factory=list)
    open_calls: dict[str, str] = field(default_factory=dict)
    """The arguments of calls that have no result yet, by ID."""

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
    """Return a server-sent event."""
    name = f"event: {kind}\n" if kind else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def plain(status: int, body: Any, **headers: str) -> Script:
    """Return a complete JSON answer."""
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script([json.dumps(body).encode()], status, {"content-type": "application/json", **renamed})
