"""The model server: three vendors' wires, one script a model, and a count of what arrived."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from benchmarks.cases.case import Answer


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came."""

    at_s: float
    body: dict[str, Any]


@dataclass(slots=True)
class Script:
    """What a model answers, and what it was asked."""

    answers: tuple[Answer, ...]
    arrivals: list[Arrival] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class ModelServer:
    """Answers by the model's name; a name without a script gets 404."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", _Endpoint(self, "choices"), methods=["POST"]),
                Route("/v1/messages", _Endpoint(self, "messages"), methods=["POST"]),
                Route("/v1beta/models/{model:path}:streamGenerateContent", _Endpoint(self, "google"), methods=["POST"]),
            ]
        )

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in self.scripts]})


class _Endpoint:
    def __init__(self, server: ModelServer, name: str) -> None:
        self._server = server
        self.__name__ = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = json.loads(await Request(scope, receive).body())
        name = scope["path_params"].get("model") or body["model"]
        script = self._server.scripts.get(name)
        if script is None:
            await JSONResponse({"error": {"message": f"no model {name!r}"}}, 404)(scope, receive, send)
            return
        script.arrivals.append(Arrival(time.monotonic(), body))
        await _send(script.answers[min(len(script.arrivals), len(script.answers)) - 1], send)
        script.answered.set()


async def _send(answer: Answer, send: Send) -> None:
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    headers = {name: value if isinstance(value, str) else value() for name, value in answer.headers.items()}
    if answer.media_type is not None:
        headers["content-type"] = answer.media_type
    if not answer.cut and not answer.piece_bytes:
        headers["content-length"] = str(len(body))
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    size = answer.piece_bytes or max(len(body), 1)
    for begin in range(0, len(body), size):
        await send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
    # Without its end uvicorn drops the connection, as a server does that dies.
    if not answer.cut:
        await send({"type": "http.response.body", "body": b""})


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the benchmark's."""
        yield


@asynccontextmanager
async def serving(server: ModelServer, port: int) -> AsyncIterator[None]:
    """Serve at this port of the loopback address, in this loop."""
    config = uvicorn.Config(
        server.app(),
        port=port,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    running = _Uvicorn(config)
    task = asyncio.create_task(running.serve())
    while not running.started and not task.done():
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        running.should_exit = True
        await task
