"""The model server: the vendors' wires at one address, scripted answers for each model, and recorded requests."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.wires.server import Caller, Request, Script, headers_of, plain

_GOOGLE = re.compile(r"/v1beta/models/(.+):streamGenerateContent")
_OTHERS = ("/v1/chat/completions", "/v1/messages")


@dataclass(frozen=True, slots=True)
class ServedAnswer:
    """The model server's response to one request."""

    body: str | bytes
    status: int = 200
    media_type: str | None = "text/event-stream"
    headers: Mapping[str, str | Callable[[], str]] = field(default_factory=dict)
    """A function is called when the answer is sent, because a date must be in the future at that moment."""
    cut: bool = False
    """Drop the connection after the body, without the end that HTTP requires."""
    piece_bytes: int = 0
    """Send the body in pieces of this size; 0 sends it whole."""

    def script(self) -> Script:
        """Return the bytes to send now."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        headers = {name.lower(): value if isinstance(value, str) else value() for name, value in self.headers.items()}
        headers["connection"] = "keep-alive"
        if self.media_type is not None:
            headers["content-type"] = self.media_type
        if not self.cut and not self.piece_bytes:
            headers["content-length"] = str(len(body))
        size = self.piece_bytes or max(len(body), 1)
        pieces = [body[begin : begin + size] for begin in range(0, len(body), size)]
        return Script(pieces, self.status, headers, end=not self.cut)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it arrived."""

    at_s: float
    body: dict[str, Any]


@dataclass(slots=True)
class Model:
    """A model's answers and the requests that it received. The last answer is repeated."""

    answers: tuple[ServedAnswer, ...]
    arrivals: list[Arrival] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self) -> ServedAnswer:
        return self.answers[min(len(self.arrivals), len(self.answers)) - 1]


class ModelServer:
    """Answers by the model's name. An unknown name gets a 404."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}

    async def respond(self, request: Request, caller: Caller) -> None:
        path = unquote(request.target.partition("?")[0])
        if path == "/v1/models":
            data = [{"id": name, "object": "model"} for name in self.models]
            await caller.send(plain(200, {"object": "list", "data": data}))
            return
        name = _asked_for(path, request.body)
        model = self.models.get(name)
        if model is None:
            await caller.send(plain(404, {"error": {"message": f"no model {name!r}"}}))
            return
        model.arrivals.append(Arrival(time.monotonic(), request.body))
        await caller.send(model.next().script())
        model.answered.set()


def refusal(status: int, body: Any, *, media_type: str = "application/json", **headers: str) -> ServedAnswer:
    """Return a refusal. Header names are written with _ instead of -, and text is sent unchanged."""
    text = body if isinstance(body, str) else json.dumps(body)
    return ServedAnswer(text, status, media_type, headers_of(headers))


def _asked_for(path: str, body: Any) -> str:
    """Return the model's name, or nothing if no wire has this path."""
    if google := _GOOGLE.fullmatch(path):
        return google[1]
    return str(body["model"]) if path in _OTHERS else ""
