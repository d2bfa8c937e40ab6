"""The connections of a process: opened at first use, and opened again after a server has died."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from chimera.tools.base import ToolUnavailable
from chimera.tools.mcp.connection import Connection
from chimera.tools.mcp.http import HttpClients, plain_client
from chimera.tools.mcp.servers import Server

log = structlog.get_logger()

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
STEADY_S = 60.0
"""A connection that lived this long had no lasting problem: the next failure counts as the first."""
MAX_USERS_CONNECTIONS = 64
"""Connections to users' servers; above this, the one that was idle for longest is closed."""
IDLE_S = 600.0
"""How long a connection to a user's server may be idle. Those of the installation stay open."""


@dataclass
class _Place:
    """One server's place in the pool."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    connection: Connection | None = None
    failures: int = 0
    opened_at: float = 0.0
    not_before: float = 0.0
    reason: str = ""


class Connections:
    """All connections of a process to MCP servers. Close it at the end: this ends the servers' processes."""

    def __init__(self, clients: HttpClients = plain_client) -> None:
        self._clients = clients
        self._places: dict[tuple[str | None, str], _Place] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def connected(self, server: Server) -> Connection:
        """Return a live connection to a server.

        After a failure, the server is left alone for a while: 1 s, then twice as long each time, up to 60 s. Raises
        ToolUnavailable in this time, and if the server can't be reached.
        """
        place = self._places.setdefault((server.owner_id, server.name), _Place())
        async with place.opening:
            live = place.connection
            if live is not None and not live.is_over and live.server == server:
                live.used_at = time.monotonic()
                return live
            if live is not None:
                await self._drop(place, live, server)
            self._check_patience(place, server)
            place.connection = await self._opened(place, server)
        self._close_idle()
        return place.connection

    async def forget(self, server: Server) -> None:
        """Close a server's connection, and forget its failures."""
        place = self._places.pop((server.owner_id, server.name), None)
        if place is not None and place.connection is not None:
            await place.connection.close()

    async def close(self) -> None:
        """Close all connections."""
        places, self._places = list(self._places.values()), {}
        closing = (each.connection.close() for each in places if each.connection)
        await asyncio.gather(*closing, *self._closing, return_exceptions=True)

    async def _opened(self, place: _Place, server: Server) -> Connection:
        connection = Connection(server, self._clients)
        try:
            await connection.open()
        except ToolUnavailable as error:
            self._count(place, error.message)
            error.retry_after_s = place.not_before - time.monotonic()
            raise
        place.opened_at = time.monotonic()
        log.info("mcp_server_connected", server=server.name, tools=len(connection.listing.definitions))
        return connection

    async def _drop(self, place: _Place, live: Connection, server: Server) -> None:
        place.connection = None
        if live.server != server:
            # Its settings have changed, so what failed before doesn't count.
            place.failures, place.not_before = 0, 0.0
        elif time.monotonic() - place.opened_at > STEADY_S:
            place.failures, place.not_before = 0, 0.0
        else:
            self._count(place, f"MCP server {server.name!r} ended.")
        await live.close()

    def _count(self, place: _Place, reason: str) -> None:
        delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2**place.failures)
        place.failures += 1
        place.reason = reason
        # The first death of a server that has worked is repaired at once.
        is_first_death = place.failures == 1 and place.opened_at > 0
        place.not_before = 0.0 if is_first_death else time.monotonic() + delay_s

    def _check_patience(self, place: _Place, server: Server) -> None:
        wait_s = place.not_before - time.monotonic()
        if wait_s > 0:
            error = ToolUnavailable(f"{place.reason} It is tried again in {wait_s:.0f} s.")
            error.retry_after_s = wait_s
            raise error

    def _close_idle(self) -> None:
        """Close connections to users' servers that are idle for long, or too many. Nobody waits: a server may hang."""
        now = time.monotonic()
        theirs = sorted(
            (
                (place.connection.used_at, key)
                for key, place in self._places.items()
                if key[0] is not None
                and place.connection is not None
                and place.connection.calls == 0
                and not place.opening.locked()
            )
        )
        excess = len(theirs) - MAX_USERS_CONNECTIONS
        for number, (used_at, key) in enumerate(theirs):
            if number < excess or now - used_at > IDLE_S:
                place = self._places.pop(key)
                if place.connection is not None:
                    task = asyncio.create_task(place.connection.close())
                    self._closing.add(task)
                    task.add_done_callback(self._closing.discard)


@asynccontextmanager
async def connected_once(server: Server, clients: HttpClients = plain_client) -> AsyncIterator[Connection]:
    """Connect to a server for the block only, for example to list its tools. Raises ToolUnavailable."""
    connection = Connection(server, clients)
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()
