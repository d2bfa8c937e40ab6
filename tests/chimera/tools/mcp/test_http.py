"""Servers at addresses, on the loopback interface: the SDK's own, and hostile ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from chimera.tools.base import OutcomeUnknown, ToolError, ToolUnavailable
from chimera.tools.mcp import connection as module
from chimera.tools.mcp import transport as transport_module
from chimera.tools.mcp.calls import call
from chimera.tools.mcp.pool import connected_once
from chimera.tools.mcp.servers import HttpServer
from chimera.tools.mcp.transport import Transport
from tests.chimera.tools.mcp.builders import NOBODY, connections, context
from tests.chimera.tools.mcp.servers import good
from tests.parts import serving
from tests.ports import free_port

Answer = Callable[[Request, Any], Awaitable[Response]]


@asynccontextmanager
async def good_server(*, is_stateless: bool = False) -> AsyncIterator[str]:
    """Serve `good` and yield its address."""
    server = good()
    app = server.streamable_http_app(stateless_http=is_stateless)
    async with server.session_manager.run(), serving(app) as url:
        yield f"{url}/mcp"


@asynccontextmanager
async def raw_server(on_call: Answer) -> AsyncIterator[str]:
    """Serve the old protocol by hand; `on_call` answers the calls of tools."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        message = await request.json()
        match message.get("method"):
            case "initialize":
                result: Any = {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "raw", "version": "1"},
                }
            case "tools/list":
                result = {"tools": [{"name": "call", "inputSchema": {"type": "object"}}]}
            case "tools/call":
                return await on_call(request, message)
            case _ if "id" not in message:
                return Response(status_code=202)
            case _:
                error = {"code": -32601, "message": "Method not found"}
                return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "error": error})
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": result})

    app = Starlette(routes=[Route("/mcp", answer, methods=["GET", "POST", "DELETE"])])
    async with serving(app) as url:
        yield f"{url}/mcp"


@pytest.mark.parametrize("is_stateless", [False, True])
async def test_a_server_is_called(is_stateless: bool) -> None:
    async with (
        good_server(is_stateless=is_stateless) as url,
        connected_once(HttpServer("web", url)) as connection,
    ):
        assert (await call(connection, "add", {"a": 2, "b": 3}, context())).text == "5"
        assert (await call(connection, "key", {}, context("abc.0"))).text == "abc.0"
        assert (await call(connection, "fail", {}, context())).failed


async def test_headers_are_sent() -> None:
    seen: list[str | None] = []

    async def on_call(request: Request, message: Any) -> Response:
        seen.append(request.headers.get("authorization"))
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}})

    async with (
        raw_server(on_call) as url,
        connected_once(HttpServer("web", url, {"Authorization": "Bearer abc"})) as connection,
    ):
        assert (await call(connection, "call", {}, context())).text == "(empty)"
    assert seen == ["Bearer abc"]


async def _long(request: Request, message: Any) -> Response:
    text = {"type": "text", "text": "x" * 10_000_000}
    return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": {"content": [text]}})


async def _endless(request: Request, message: Any) -> Response:
    async def events() -> AsyncIterator[str]:
        yield 'event: message\ndata: {"jsonrpc": "2.0", "result": "'
        while not await request.is_disconnected():
            yield "x" * 1_000_000

    return StreamingResponse(events(), media_type="text/event-stream")


async def _endless_events(request: Request, message: Any) -> Response:
    token = message["params"]["_meta"]["progressToken"]
    params = {"progressToken": token, "progress": 1, "message": "m" * 1000}
    event = json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})

    async def events() -> AsyncIterator[str]:
        while not await request.is_disconnected():
            yield f"event: message\ndata: {event}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


async def _bomb(request: Request, message: Any) -> Response:
    return Response(b"\x1f\x8b", headers={"content-encoding": "gzip", "content-type": "application/json"})


async def _cut(request: Request, message: Any) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"jsonrpc": '
        raise ConnectionError

    return StreamingResponse(body(), media_type="application/json")


def _status(number: int) -> Answer:
    async def answer(request: Request, message: Any) -> Response:
        return Response("<html>no JSON</html>", status_code=number, media_type="text/html")

    return answer


@pytest.mark.parametrize(
    ("on_call", "error", "words"),
    [
        (_long, ToolError, "its answer is too large"),
        (_endless, OutcomeUnknown, "may have taken effect"),
        (_endless_events, OutcomeUnknown, "may have taken effect"),
        (_bomb, OutcomeUnknown, "may have taken effect"),
        (_cut, OutcomeUnknown, "may have taken effect"),
        (_status(500), OutcomeUnknown, "may have taken effect"),
        (_status(502), OutcomeUnknown, "may have taken effect"),
        (_status(503), ToolUnavailable, "busy"),
        (_status(429), ToolUnavailable, "busy"),
        (_status(401), ToolError, "refused the credentials"),
        (_status(200), ToolError, "Unexpected content type"),
    ],
    ids=["long", "endless", "events", "bomb", "cut", "500", "502", "503", "429", "401", "html"],
)
async def test_failures_say_what_happened_to_the_call(on_call: Answer, error: type[Exception], words: str) -> None:
    async with raw_server(on_call) as url, connected_once(HttpServer("web", url)) as connection:
        with pytest.raises(error, match=words):
            await call(connection, "call", {}, context())


async def test_one_failed_request_leaves_the_others() -> None:
    waiting, free = asyncio.Event(), asyncio.Event()

    async def on_call(request: Request, message: Any) -> Response:
        if message["params"]["arguments"].get("fails"):
            return Response(status_code=502)
        waiting.set()
        await free.wait()
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}})

    async with raw_server(on_call) as url, connected_once(HttpServer("web", url)) as connection:
        other = asyncio.create_task(call(connection, "call", {}, context("other")))
        await waiting.wait()
        with pytest.raises(OutcomeUnknown):
            await call(connection, "call", {"fails": True}, context("failing"))
        free.set()
        assert (await other).text == "(empty)"


async def test_a_server_that_is_gone_gets_no_call() -> None:
    async with connections() as pool:
        async with good_server() as url:
            connection = await pool.connected(HttpServer("web", url))
            await call(connection, "add", {"a": 1, "b": 1}, context())
        with pytest.raises(ToolUnavailable):
            await call(connection, "add", {"a": 1, "b": 1}, context())


async def test_an_expired_session_is_opened_again() -> None:
    sessions: list[str] = []

    async def answer(request: Request) -> Response:
        message = await request.json() if request.method == "POST" else {}
        if message.get("method") == "initialize":
            sessions.append(f"s{len(sessions)}")
            result: Any = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
            result["serverInfo"] = {"name": "raw", "version": "1"}
            body = {"jsonrpc": "2.0", "id": message["id"], "result": result}
            return JSONResponse(body, headers={"mcp-session-id": sessions[-1]})
        if message.get("method") == "tools/call" and request.headers["mcp-session-id"] == "s0":
            return Response(status_code=404)
        if message.get("method") == "tools/list":
            result = {"tools": [{"name": "call", "inputSchema": {"type": "object"}}]}
        elif message.get("method") == "tools/call":
            result = {"content": [{"type": "text", "text": "again"}]}
        elif message.get("method") == "server/discover":
            return Response(status_code=404)
        else:
            return Response(status_code=202 if request.method == "POST" else 405)
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": result})

    app = Starlette(routes=[Route("/mcp", answer, methods=["GET", "POST", "DELETE"])])
    async with serving(app) as url, connections() as pool:
        server = HttpServer("web", f"{url}/mcp")
        with pytest.raises(ToolUnavailable, match="session has expired"):
            await call(await pool.connected(server), "call", {}, context())
        assert (await call(await pool.connected(server), "call", {}, context())).text == "again"


@pytest.mark.parametrize("path", ["/mcp", "/nothing"])
async def test_an_unreachable_server_is_explained(path: str) -> None:
    async with good_server() as url:
        base = url.removesuffix("/mcp") if path == "/nothing" else f"http://127.0.0.1:{free_port()}"
        with pytest.raises(ToolUnavailable, match="MCP server 'web' is unavailable"):
            async with connected_once(HttpServer("web", f"{base}{path}")):
                pass


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_S", 1.0)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1") as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(ToolUnavailable, match="didn't answer within 1 s"):
            async with connected_once(HttpServer("web", f"http://127.0.0.1:{port}/mcp")):
                pass


async def test_users_servers_need_a_guarded_client() -> None:
    with pytest.raises(ToolUnavailable, match="belongs to a user"):
        async with connected_once(HttpServer("web", "http://127.0.0.1:9/mcp", owner_id=NOBODY)):
            pass


async def test_the_given_client_decides_about_addresses() -> None:
    asked: list[str] = []

    def client(server: HttpServer) -> httpx2.AsyncClient:
        async def refuse(request: httpx2.Request) -> httpx2.Response:
            asked.append(str(request.url))
            raise ToolError("The address isn't public.")

        return httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))

    with pytest.raises(ToolUnavailable, match="The address isn't public"):
        async with connected_once(HttpServer("web", "http://10.0.0.1/mcp", owner_id=NOBODY), client):
            pass
    assert set(asked) == {"http://10.0.0.1/mcp"}


async def test_redirects_to_other_hosts_are_not_followed() -> None:
    reached: list[str] = []

    async def elsewhere(request: Request) -> Response:
        reached.append(str(request.url))
        return Response(status_code=200)

    async with serving(Starlette(routes=[Route("/mcp", elsewhere, methods=["GET", "POST"])])) as other:

        async def redirect(request: Request) -> Response:
            return Response(status_code=307, headers={"location": f"{other}/mcp"})

        app = Starlette(routes=[Route("/mcp", redirect, methods=["GET", "POST", "DELETE"])])
        async with serving(app) as url:
            with pytest.raises(ToolUnavailable):
                async with connected_once(HttpServer("web", f"{url}/mcp", {"Authorization": "Bearer abc"})):
                    pass
    assert reached == []


async def test_a_server_cannot_make_us_ask_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    gets, waits = 0, list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    # So long that the requests themselves take less, even on a busy machine.
    monkeypatch.setattr(transport_module, "GET_EVERY_S", 3600.0)
    monkeypatch.setattr(transport_module, "sleep", sleep)

    async def answer(request: Request) -> Response:
        nonlocal gets
        if request.method == "GET":
            gets += 1
            return Response(b"retry: 0\nid: 1\ndata: \n\n", media_type="text/event-stream")
        return JSONResponse({})

    async with serving(Starlette(routes=[Route("/mcp", answer)])) as url:
        transport = Transport(httpx2.AsyncClient(trust_env=False))
        async with httpx2.AsyncClient(transport=transport) as client:
            for _ in range(6):
                await client.get(f"{url}/mcp")
    assert (gets, [round(seconds / 3600) for seconds in waits]) == (6, [0, 1, 2, 3, 4, 5])
