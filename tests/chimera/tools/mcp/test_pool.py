"""Connections are shared, replaced when a server's settings change, and closed when nobody needs them."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import httpx2
import pytest

from chimera.tools.base import ToolUnavailable
from chimera.tools.mcp import pool as module
from chimera.tools.mcp.servers import HttpServer, StdioServer
from models.ids import UserId
from tests.chimera.tools.mcp.builders import connections, stdio
from tests.chimera.tools.mcp.test_http import good_server
from tests.until import until_true


def any_client(server: HttpServer) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False)


async def test_a_connection_is_shared() -> None:
    async with connections() as pool:
        first, second = await asyncio.gather(pool.connected(stdio("good")), pool.connected(stdio("good")))
        assert first is second


async def test_changed_settings_open_a_new_connection() -> None:
    async with connections() as pool:
        first = await pool.connected(stdio("good"))
        second = await pool.connected(replace(stdio("good"), env={"A": "b"}))
        assert (first.is_over, second.is_over) == (True, False)


async def test_a_server_that_cannot_start_is_left_alone() -> None:
    async with connections() as pool:
        missing = StdioServer("a", "no-such-command")
        with pytest.raises(ToolUnavailable, match="was not found"):
            await pool.connected(missing)
        with pytest.raises(ToolUnavailable, match=r"was not found.* It is tried again in 1 s") as caught:
            await pool.connected(missing)
        assert caught.value.retry_after_s is not None
        await pool.forget(missing)
        with pytest.raises(ToolUnavailable, match=r"use its full path\.$"):
            await pool.connected(missing)


async def test_users_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_USERS_CONNECTIONS", 2)
    async with good_server() as url, connections(any_client) as pool:
        opened = [await pool.connected(HttpServer("web", url, owner_id=UserId(str(number)))) for number in range(4)]

        async def are_bounded() -> bool:
            return [each.is_over for each in opened] == [True, True, False, False]

        await until_true(are_bounded)


async def test_a_server_that_hangs_at_its_end_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_USERS_CONNECTIONS", 1)
    may_end = asyncio.Event()
    async with good_server() as url, connections(any_client) as pool:
        hanging = await pool.connected(HttpServer("web", url, owner_id=UserId("mallory")))
        close = hanging.close

        async def close_late() -> None:
            await may_end.wait()
            await close()

        monkeypatch.setattr(hanging, "close", close_late)
        async with asyncio.timeout(60):
            await pool.connected(HttpServer("web", url, owner_id=UserId("alice")))
        assert not hanging.is_over
        may_end.set()
    assert hanging.is_over


def test_the_sdk_is_imported_late() -> None:
    code = "import sys, chimera.tools.mcp.source, api.app; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
