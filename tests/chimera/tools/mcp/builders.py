"""Servers, contexts and connections that the tests of MCP share."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chimera.tools.context import ToolContext, ToolLimits
from chimera.tools.mcp.http import HttpClients, plain_client
from chimera.tools.mcp.pool import Connections
from chimera.tools.mcp.servers import ServerSettings, StdioServer
from models.ids import NodePath, RunId, UserId

SCRIPT = Path(__file__).with_name("servers.py")
NOBODY = UserId("00000000-0000-4000-8000-000000000001")


def stdio(mode: str, *, name: str = "files", settings: ServerSettings | None = None, **env: str) -> StdioServer:
    """Return a server that runs a mode of `servers.py`."""
    return StdioServer(
        name,
        sys.executable,
        (str(SCRIPT), mode),
        env,
        settings=settings or ServerSettings(),
        secrets=tuple(env.values()),
    )


def context(
    key: str = "key", *, seconds: float = 20.0, report: Callable[[str], None] = lambda message: None
) -> ToolContext:
    return ToolContext(
        owner_id=NOBODY,
        run_id=RunId("00000000-0000-4000-8000-000000000002"),
        path=NodePath("a"),
        step=1,
        index=0,
        idempotency_key=key,
        limits=ToolLimits(asyncio.get_running_loop().time() + seconds, 100_000),
        report=report,
    )


@asynccontextmanager
async def connections(clients: HttpClients = plain_client) -> AsyncIterator[Connections]:
    pool = Connections(clients)
    try:
        yield pool
    finally:
        await pool.close()
