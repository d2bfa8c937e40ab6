"""The interface of a vendor's wire that the gateway needs: reading a request, and writing an answer or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.wires.gateway.pieces import Piece

Chat = dict[str, Any]
"""The body of a chat-completions request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error's body, and the headers that belong to it."""

    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Writer(Protocol):
    """Writes one answer as events of the vendor's stream."""

    def write(self, piece: Piece) -> bytes:
        """Write what a piece adds, which may be nothing yet."""
        ...


class Vendor(Protocol):
    """A wire. `chat_of` raises KeyError or ValueError for anything unknown: a gateway that guesses proves nothing."""

    path: str
    key_header: str

    def chat_of(self, body: dict[str, Any], model: str | None) -> Chat:
        """Read a request. `model` is the one that the path names."""
        ...

    def writer(self, model: str) -> Writer: ...

    def refusal(self, status: int, message: str, retry_after: str | None) -> Refusal: ...
