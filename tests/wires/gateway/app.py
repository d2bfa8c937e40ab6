"""The gateway passes a vendor's streaming request to the simulator as chat completions, and streams the answer back.

It consists of plain ASGI endpoints like the simulator's: whatever breaks there must break here in the same way. Nothing
is retried, stored or counted; only the simulator records what arrived.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chimera.simulator.requests import body_of, headers_of
from tests.wires.anthropic.gateway import AnthropicWire
from tests.wires.gateway.pieces import pieces_of
from tests.wires.gateway.translation import Vendor
from tests.wires.google.gateway import GoogleWire

PASSED_ON = (b"idempotency-key", b"x-chimera-call", b"x-chimera-attempt")
VENDORS: tuple[Vendor, ...] = (AnthropicWire(), GoogleWire())


def create_app(behind: str) -> Starlette:
    """Build the server; `behind` is the simulator's address."""
    # Time and connection limits are up to the caller.
    client = httpx2.AsyncClient(
        base_url=behind, timeout=None, limits=httpx2.Limits(max_connections=None), trust_env=False
    )

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    endpoints = [Route(vendor.path, Gateway(vendor, client), methods=["POST"]) for vendor in VENDORS]
    return Starlette(routes=[*endpoints, Route("/health", health)], lifespan=lifespan)


class Gateway:
    """One vendor's endpoint."""

    def __init__(self, vendor: Vendor, simulator: httpx2.AsyncClient) -> None:
        self._vendor = vendor
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on until it is answered or its caller has gone."""
        body = await body_of(receive)
        relaying = asyncio.create_task(self._relay(scope, body, send))
        leaving = asyncio.create_task(_client_gone(receive))
        await asyncio.wait((relaying, leaving), return_when=asyncio.FIRST_COMPLETED)
        # When cancelled, the relay closes its own connection, which tells the simulator that its caller has left.
        relaying.cancel()
        leaving.cancel()
        await asyncio.gather(relaying, leaving, return_exceptions=True)
        if not relaying.cancelled():
            relaying.result()

    async def _relay(self, scope: Scope, body: bytes, send: Send) -> None:
        model = scope["path_params"].get("model")
        try:
            chat = self._vendor.chat_of(json.loads(body), model)
        except (KeyError, TypeError, ValueError) as error:
            await self._refuse(send, 400, f"The gateway can't translate this request: {error!r}.")
            return
        began = False
        try:
            async with self._asking(scope, chat) as response:
                began = True
                await self._answer(response, chat["model"], send)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
            # In the middle of an answer, nothing can be added: returning drops the connection, as the simulator's was.
            if not began:
                await self._refuse(send, 502, f"The simulator does not answer ({type(error).__name__}).")

    @asynccontextmanager
    async def _asking(self, scope: Scope, chat: dict[str, object]) -> AsyncIterator[httpx2.Response]:
        received = headers_of(scope)
        key = received.get(self._vendor.key_header.encode(), "").removeprefix("Bearer ")
        headers = {name.decode(): received[name] for name in PASSED_ON if name in received}
        headers |= {"content-type": "application/json", "authorization": f"Bearer {key}"}
        content = json.dumps(chat).encode()
        async with self._simulator.stream("POST", "/v1/chat/completions", content=content, headers=headers) as response:
            yield response

    async def _answer(self, response: httpx2.Response, model: str, send: Send) -> None:
        content_type = response.headers["content-type"]
        if response.status_code != 200:
            message = json.loads(await response.aread())["error"]["message"]
            await self._refuse(send, response.status_code, message, response.headers.get("retry-after"))
        elif "event-stream" not in content_type:
            await _whole(send, 200, await response.aread(), {"content-type": content_type})
        else:
            await _start(send, 200, {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"})
            writer = self._vendor.writer(model)
            async for piece in pieces_of(response.aiter_lines()):
                if event := writer.write(piece):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, send: Send, status: int, message: str, retry_after: str | None = None) -> None:
        refusal = self._vendor.refusal(status, message, retry_after)
        headers = {"content-type": "application/json", **refusal.headers}
        await _whole(send, status, json.dumps(refusal.body).encode(), headers)


async def _whole(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    await _start(send, status, {**headers, "content-length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    encoded: Iterable[tuple[bytes, bytes]] = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
