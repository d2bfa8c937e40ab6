"""The HTTP transport of MCP sessions: bounded bodies, no compression, and errors that say whether a request was sent.

The SDK's transport ends the whole session when one request can't connect, and reports each status of 400 and above in
the same way. So what happened is put into a JSON-RPC error here, which reaches only the request that it concerns.
"""

import asyncio
from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import httpx2
from pydantic_core import to_json

from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.tools.mcp.codes import EXPIRED, LOST, MAX_MESSAGE_BYTES, NOT_SENT, REFUSED
from models.errors import ChimeraError

MAX_STREAM_BYTES: Final = 64 * 1024 * 1024
"""The longest stream of events that answers one request."""
GET_EVERY_S: Final = 0.2
"""How often a connection may ask for a stream of events. A server chooses when the SDK asks again, also at once."""
MAX_ERROR_BYTES: Final = 64 * 1024
TOO_LARGE_TEXT: Final = "the answer is too large"


class Transport(httpx2.AsyncBaseTransport):
    """Sends the requests of one session by `inner`."""

    def __init__(self, inner: httpx2.AsyncClient) -> None:
        self._inner = inner
        self._next_get = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            await self._wait_for_turn()
        # Compressed bodies may expand a thousandfold.
        request.headers["Accept-Encoding"] = "identity"
        try:
            response = await self._inner.send(request, stream=True, follow_redirects=False)
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
        return httpx2.Response(response.status_code, headers=response.headers, stream=_body_of(response, request))

    async def _wait_for_turn(self) -> None:
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next_get)
        self._next_get = turn + GET_EVERY_S
        await sleep(turn - now)


class _Body(httpx2.AsyncByteStream):
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


def _body_of(response: httpx2.Response, request: httpx2.Request) -> _Body:
    is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
    if is_stream and request.method == "GET":
        # The stream for the server's own messages lives as long as the session; its events are bounded.
        return _Body(response, None)
    return _Body(response, MAX_STREAM_BYTES if is_stream and request.method == "POST" else MAX_MESSAGE_BYTES)


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


def _problem(code: int, message: str) -> httpx2.Response:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return httpx2.Response(502, headers={"content-type": "application/json"}, content=to_json(error))
