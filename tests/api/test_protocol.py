"""Connections that keep the API waiting, over real sockets: what was sent, and how the server responded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api import protocol
from api.middleware import OwnHosts
from api.protocol import HEAD_BYTES, MAX_HEADERS, Protocol, is_listed
from tests.ports import free_port
from tests.until import LIMIT_S

Connect = Callable[[], Any]
GET = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def _answers_before_the_body(scope: Scope, receive: Receive, send: Send) -> None:
    length = int(dict(scope["headers"]).get(b"x-answer", b"2"))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]})
    await send({"type": "http.response.body", "body": b"x" * length})


class _Server(uvicorn.Server):
    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        await self._started()
        try:
            yield self.config.port
        finally:
            self.should_exit = True
            await self._serving

    async def _started(self) -> None:
        self.capture_signals = _nothing  # type: ignore[method-assign]
        self._serving = asyncio.create_task(self.serve())
        while not self.started:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _serving(
    most: int = 100, app: ASGIApp = _answers_before_the_body, **how: Any
) -> AsyncIterator[tuple[_Server, int]]:
    config = uvicorn.Config(
        app,
        port=free_port(),
        http=Protocol,
        lifespan="off",
        log_config=None,
        limit_concurrency=most,
        timeout_graceful_shutdown=1,
        **{"proxy_headers": False, **how},
    )
    server = _Server(config)
    async with server.running() as port:
        yield server, port


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


async def _sent(port: int, *pieces: bytes) -> bytes:
    """Send pieces over a new connection, and return everything received until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    try:
        async with asyncio.timeout(LIMIT_S):
            return await _all_of(reader)
    finally:
        writer.close()


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    got = b""
    try:
        while piece := await reader.read(65536):
            got += piece
    except ConnectionError:
        pass
    return got


async def test_a_probe_of_http_1_0_needs_no_host() -> None:
    async with _serving(app=OwnHosts(_answers_before_the_body, ["here"])) as (_, port):
        assert b" 200 " in (await _sent(port, b"GET /health/ready HTTP/1.0\r\n\r\n")).splitlines()[0]
        assert b" 421 " in (await _sent(port, b"GET / HTTP/1.0\r\n\r\n")).splitlines()[0]


async def test_a_header_without_an_end_is_cut() -> None:
    async with _serving() as (_, port):
        read = [0]
        feed = Protocol.data_received

        def counting(self: Protocol, data: bytes) -> None:
            if not self.transport.is_closing():
                read[0] += len(data)
            feed(self, data)

        Protocol.data_received = counting  # type: ignore[method-assign]
        try:
            await _sent(port, GET + b"X: ", *[b"x" * 65536] * 200)
        finally:
            Protocol.data_received = feed  # type: ignore[method-assign]
    assert read[0] <= HEAD_BYTES + 2 * 256 * 1024


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"x" * HEAD_BYTES + b"\r\n\r\n",
        b"GET /?" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        GET + b"X: 1\r\n" * (MAX_HEADERS + 1) + b"\r\n",
    ],
    ids=["a long header", "a long address", "many headers"],
)
async def test_a_head_above_the_limit_is_refused(head: bytes) -> None:
    async with _serving() as (_, port):
        answer = await _sent(port, head)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer
    assert b"x-content-type-options: nosniff" in answer


async def test_a_large_head_within_the_limit_is_answered() -> None:
    async with _serving() as (_, port):
        head = GET + b"Connection: close\r\nX: " + b"x" * (HEAD_BYTES - 100) + b"\r\n\r\n"
        answer = await _sent(port, head[:1000], head[1000:30_000], head[30_000:])
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'a="\"', b""),
        (b"a=b; chimera_access_8000=e.Y-_1; c=d", b"chimera_access_8000=e.Y-_1"),
        (b"__Host-chimera_refresh=x;chimera_access=y", b"__Host-chimera_refresh=x; chimera_access=y"),
        (rb'chimera_access="\"; chimera_refresh=\1', b""),
        (b"xchimera_access=y; chimera_access_x=y; chimera_access=", b""),
        (b"chimera_access=" + b"x" * 5000, b""),
    ],
    ids=["quoted", "with others", "both", "odd values", "odd names", "long"],
)
async def test_only_our_cookies_arrive(sent: bytes, kept: bytes) -> None:
    async def cookies(scope: Scope, receive: Receive, send: Send) -> None:
        found = b"|".join(value for name, value in scope["headers"] if name == b"cookie")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(found))]})
        await send({"type": "http.response.body", "body": found})

    async with _serving(app=cookies) as (_, port):
        answer = await _sent(port, GET + b"CooKie: " + sent + b"\r\nConnection: close\r\n\r\n")
    assert answer.partition(b"\r\n\r\n")[2] == kept


async def test_invalid_http_gets_a_problem_document() -> None:
    async with _serving() as (_, port):
        answer = await _sent(port, b"\x16\x03\x01\x02\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"not_http"' in answer
    assert b"default-src 'none'" in answer


@pytest.mark.parametrize(
    ("sent", "answered"),
    [((), b""), ((b"GET / HT",), b"HTTP/1.1 408 "), ((GET, b"X: y"), b"HTTP/1.1 408 ")],
    ids=["nothing", "half a line", "half a header"],
)
async def test_half_a_request_is_not_waited_for(
    sent: tuple[bytes, ...], answered: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert protocol.HEAD_SECONDS <= 30
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    async with _serving() as (server, port):
        answer = await _sent(port, *sent)
        assert answer[:13] == answered
        assert not server.server_state.connections


async def test_a_second_half_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    async with _serving() as (_, port):
        answer = await _sent(port, GET + b"\r\n", b"GET / HT")
    assert [line for line in answer.split(b"\r\n") if b"HTTP/1.1" in line] == [
        b"HTTP/1.1 200 OK",
        b"xxHTTP/1.1 408 Request Timeout",
    ]


async def test_blank_lines_keep_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    async with _serving(timeout_keep_alive=3600) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"\r\n")
        await reader.readuntil(b"xx")
        writer.write(b"\r\n")
        assert await _all_of(reader) == b""
        writer.close()


async def test_the_time_for_headers_is_not_that_for_answers() -> None:
    async with _serving(timeout_keep_alive=3600) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"\r\n")
        await reader.readuntil(b"xx")
        (connection,) = server.server_state.connections
        assert isinstance(connection, Protocol)
        assert connection._waiting is None
        assert connection.timeout_keep_alive_task is not None
        writer.close()


async def test_an_idle_connection_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert protocol.IDLE_SECONDS <= 30
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0)
    async with _serving(timeout_keep_alive=3600) as (_, port):
        assert (await _sent(port, GET + b"\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_a_listed_proxy_keeps_its_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0)
    how: dict[str, Any] = {"timeout_keep_alive": 3600, "proxy_headers": True, "forwarded_allow_ips": ["127.0.0.0/8"]}
    async with _serving(most=1, **how) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"xx")).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_an_answered_body_is_not_read_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REST_SECONDS", 0.2)
    head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n"
    async with _serving(timeout_keep_alive=3600) as (_, port):
        assert (await _sent(port, head, b"x")).startswith(b"HTTP/1.1 200 ")


async def test_an_unread_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.2)
    async with _serving() as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"X-Answer: 50000000\r\n\r\n")
        await writer.drain()
        async with asyncio.timeout(LIMIT_S):
            while server.server_state.total_requests == 0 or server.server_state.connections:
                await asyncio.sleep(0.01)
        assert len(await _all_of(reader)) < 50_000_000
        writer.close()


async def test_one_address_has_half_of_the_connections() -> None:
    async with _serving(most=10) as (server, port):
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        async with asyncio.timeout(LIMIT_S):
            while len(server.server_state.connections) < len(kept):
                await asyncio.sleep(0.01)
        answer = await _sent(port)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in answer
        kept[0][1].write(GET + b"Connection: close\r\n\r\n")
        assert (await _all_of(kept[0][0])).startswith(b"HTTP/1.1 200 ")
        assert (await _sent(port, GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        for _, writer in kept:
            writer.close()


def test_a_proxy_is_listed_by_address_or_network() -> None:
    listed = ("10.0.0.7/32", "172.16.0.0/12", "2001:db8::/32")
    assert [is_listed(each, listed) for each in ("10.0.0.7", "172.31.0.1", "2001:db8::1")] == [True] * 3
    assert [is_listed(each, listed) for each in ("10.0.0.8", "172.32.0.1", "", "nobody")] == [False] * 4
