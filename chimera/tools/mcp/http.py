"""HTTP for MCP servers: bounded bodies, no compression, and errors that say whether a request was sent.

The SDK's transport ends the whole session when one request can't connect, and reports each status of 400 and above in
the same way. So what happened is put into a JSON-RPC error here, which reaches only the request that it concerns.
"""

import asyncio
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.tools.mcp.codes import EXPIRED, LOST, MAX_MESSAGE_BYTES, NOT_SENT, REFUSED
from chimera.tools.mcp.servers import HttpServer
from models.errors import ChimeraError

if TYPE_CHECKING:
    import httpx2

HttpClients = Callable[[HttpServer], "httpx2.AsyncClient"]
"""Makes the client that connects to a server. The client decides which addresses are permitted."""

CONNECT_S: Final = 5.0
READ_S: Final = 330.0
"""Longer than any call may take, because a server may be silent for the whole call."""
MAX_STREAM_BYTES: Final = 64 * 1024 * 1024
"""The longest stream of events that answers one request."""
GET_EVERY_S: Final = 0.2
"""How often a connection may ask for a stream of events. A server chooses when the SDK asks again, also at once."""
MAX_ERROR_BYTES: Final = 64 * 1024
TOO_LARGE_TEXT: Final = "the answer is too large"


def plain_client(server: HttpServer) -> "httpx2.AsyncClient":
    """Return a client for the installation's servers, which an administrator has chosen.

    Raises ToolUnavailable for a user's server: those need a client that refuses private addresses.
    """
    import httpx2

    from chimera.tools.base import ToolUnavailable

    if server.owner_id is not None:
        raise ToolUnavailable(f"MCP server {server.name!r} belongs to a user, and this process connects to none.")
    return httpx2.AsyncClient(trust_env=False)


def clients_with(egress: EgressClient) -> HttpClients:
    """Return the clients of a process that also connects to users' servers: those only at public addresses."""
    return lambda server: plain_client(server) if server.owner_id is None else egress.guarded()


@asynccontextmanager
async def http_transport(server: HttpServer, clients: HttpClients) -> AsyncIterator[tuple[Any, Any]]:
    """Open a session with a server for the block."""
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    timeout = httpx2.Timeout(30.0, connect=CONNECT_S, read=READ_S)
    async with (
        clients(server) as inner,
        httpx2.AsyncClient(
            transport=_careful(inner), headers=dict(server.headers), timeout=timeout, trust_env=False
        ) as client,
    ):
        streams: AbstractAsyncContextManager[tuple[Any, Any]] = streamable_http_client(
            server.url, http_client=client, max_sse_event_size=MAX_MESSAGE_BYTES
        )
        async with streams as opened:
            yield opened


def _careful(inner: "httpx2.AsyncClient") -> "httpx2.AsyncBaseTransport":
    """Return a transport that sends by `inner`. Defined in a function, because httpx2 is imported late."""
    import httpx2

    class Body(httpx2.AsyncByteStream):
        """A response's body, up to a limit. All errors are StreamErrors, which concern only this request."""

        def __init__(self, response: httpx2.Response, limit: int | None) -> None:
            self._response = response
            self._limit = limit

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            try:
                async for chunk in self._response.aiter_raw():
                    size += len(chunk)
                    if self._limit is not None and size > self._limit:
                        raise httpx2.StreamError(TOO_LARGE_TEXT)
                    yield chunk
            except (httpx2.TransportError, EgressFailed, EgressRefused) as error:
                raise httpx2.StreamError(f"the connection broke ({type(error).__name__})") from None

        async def aclose(self) -> None:
            await self._response.aclose()

    class Careful(httpx2.AsyncBaseTransport):
        def __init__(self) -> None:
            self._next_get = 0.0

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.method == "GET":
                now = asyncio.get_running_loop().time()
                turn = max(now, self._next_get)
                self._next_get = turn + GET_EVERY_S
                await sleep(turn - now)
            # Compressed bodies may expand a thousandfold.
            request.headers["Accept-Encoding"] = "identity"
            try:
                response = await inner.send(request, stream=True, follow_redirects=False)
            except EgressFailed as error:
                return _problem(LOST if error.was_sent else NOT_SENT, error.message)
            except EgressRefused as error:
                return _problem(NOT_SENT if error.status is None else LOST, error.message)
            except ChimeraError as error:
                return _problem(NOT_SENT, error.message)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
                return _problem(NOT_SENT, f"The server can't be reached ({type(error).__name__}).")
            except httpx2.TransportError as error:
                return _problem(LOST, f"The connection broke ({type(error).__name__}).")
            if (problem := _problem_with(response, request)) is not None:
                await response.aclose()
                return problem
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return await _failed(response)
            is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
            limit = MAX_STREAM_BYTES if is_stream and request.method == "POST" else MAX_MESSAGE_BYTES
            # The stream for the server's own messages lives as long as the session; its events are bounded.
            body = Body(response, None if is_stream and request.method == "GET" else limit)
            return httpx2.Response(response.status_code, headers=response.headers, stream=body)

    def _problem(code: int, message: str) -> httpx2.Response:
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
        return httpx2.Response(502, headers={"content-type": "application/json"}, content=to_json(error))

    def _problem_with(response: httpx2.Response, request: httpx2.Request) -> httpx2.Response | None:
        """Return the problem that a response means for a request; None if the SDK can handle it."""
        status = response.status_code
        if response.headers.get("content-encoding", "identity") not in ("", "identity"):
            return _problem(LOST, "The server sent a compressed answer, although none was accepted.")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return _problem(REFUSED, f"The server refused the credentials ({status}).")
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            return _problem(NOT_SENT, f"The server is busy ({status}).")
        if status == HTTPStatus.NOT_FOUND and "mcp-session-id" in request.headers:
            return _problem(EXPIRED, "The session has expired.")
        return None

    async def _failed(response: httpx2.Response) -> httpx2.Response:
        """Return a server's failure: its own JSON-RPC error, if it sent one."""
        content = b""
        with suppress(httpx2.HTTPError, httpx2.StreamError):
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_ERROR_BYTES:
                    break
        await response.aclose()
        if content.lstrip().startswith(b"{") and b'"jsonrpc"' in content:
            return httpx2.Response(response.status_code, headers={"content-type": "application/json"}, content=content)
        return _problem(LOST, f"The server failed ({response.status_code}).")

    return Careful()
