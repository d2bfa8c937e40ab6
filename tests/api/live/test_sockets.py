"""A user's WebSocket slot is released, however the client disconnects."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

import httpx2
import pytest
from fastapi import FastAPI
from starlette.websockets import WebSocket
from structlog.testing import capture_logs

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from tests.api.conftest import SignUp, new_task
from tests.api.routes.test_streams import signed_in, token_of
from tests.parts import serving
from tests.until import LIMIT_S, until

MOST = 3
TEXT, CLOSE = 1, 8


@pytest.fixture(scope="module")
async def app(api_settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(api_settings.model_copy(update={"max_sockets": MOST}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
@pytest.mark.parametrize("last", [None, "odd", {"type": "ping"}, {"type": "subscribe"}])
async def test_a_disconnected_client_keeps_no_slot(app: FastAPI, sign_up: SignUp, path: str, last: object) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    if last == {"type": "subscribe"}:
        last = {"type": "subscribe", "topic": f"run:{(await new_task(carol))['id']}"}
    with capture_logs() as logged:
        async with serving(app) as url:
            for left in range(1, MOST + 2):
                await _come_and_go(url, path, token_of(carol), last)
                await until(partial(_have_ended, logged, left))
    assert not parts.open_sockets._open
    async with signed_in(app, carol, path=path):
        pass


@pytest.mark.parametrize("error", [RuntimeError, TimeoutError])
async def test_a_first_answer_that_fails_ends_it(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def failing(self: object, text: str) -> None:
        raise error

    monkeypatch.setattr(WebSocket, "send_text", failing)
    with capture_logs() as logged:
        async with asyncio.timeout(LIMIT_S), serving(app) as url:
            _, writer = await _signing_in(url, "/ws", token_of(alice))
            await until(lambda: _ended(logged) == 1)
            writer.close()
    assert not app.state.parts.open_sockets._open


def _have_ended(logged: Sequence[Mapping[str, object]], count: int) -> bool:
    return _ended(logged) == count


def _ended(logged: Sequence[Mapping[str, object]]) -> int:
    return sum(line["event"] == "socket_ended" for line in logged)


async def _come_and_go(url: str, path: str, token: str, last: object) -> None:
    """Sign in and leave in one packet or after one more message, like a page that is closed while it loads."""
    reader, writer = await _signing_in(url, path, token, leaves=last is None)
    if last is not None:
        await reader.readuntil(b'"authenticated"}')
        writer.write(_frame(TEXT, json.dumps(last).encode()) + _LEAVING)
    await writer.drain()
    # Read the server's part of the closing handshake, after which the connection ends.
    await reader.read()
    writer.close()


async def _signing_in(
    url: str, path: str, token: str, *, leaves: bool = False
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    writer.write("\r\n".join(lines).encode())
    await reader.readuntil(b"\r\n\r\n")
    first = json.dumps({"type": "authenticate", "token": token}).encode()
    writer.write(_frame(TEXT, first) + (_LEAVING if leaves else b""))
    return reader, writer


def _frame(kind: int, data: bytes) -> bytes:
    """Encode one whole client frame, masked with zeros (RFC 6455, 5.2)."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(data))
    return bytes([0x80 | kind]) + size + bytes(4) + data


_LEAVING = _frame(CLOSE, struct.pack(">H", 1001))
