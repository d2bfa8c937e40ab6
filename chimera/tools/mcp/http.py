"""HTTP for MCP servers: the clients that connect to them, and sessions."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import httpx2

from chimera.egress.client import EgressClient
from chimera.tools.mcp.codes import MAX_MESSAGE_BYTES
from chimera.tools.mcp.servers import HttpServer
from chimera.tools.mcp.transport import Transport

HttpClients = Callable[[HttpServer], httpx2.AsyncClient]
"""Makes the client that connects to a server. The client decides which addresses are permitted."""

CONNECT_S: Final = 5.0
READ_S: Final = 330.0
"""Longer than any call may take, because a server may be silent for the whole call."""


def plain_client(server: HttpServer) -> httpx2.AsyncClient:
    """Return a client for the installation's servers, which an administrator has chosen.

    Raises ToolUnavailable for a user's server: those need a client that refuses private addresses.
    """
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
    from mcp.client.streamable_http import streamable_http_client

    timeout = httpx2.Timeout(30.0, connect=CONNECT_S, read=READ_S)
    async with (
        clients(server) as inner,
        httpx2.AsyncClient(
            transport=Transport(inner), headers=dict(server.headers), timeout=timeout, trust_env=False
        ) as client,
    ):
        streams: AbstractAsyncContextManager[tuple[Any, Any]] = streamable_http_client(
            server.url, http_client=client, max_sse_event_size=MAX_MESSAGE_BYTES
        )
        async with streams as opened:
            yield opened
