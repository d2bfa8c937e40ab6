"""The MCP SDK with the guarded client, against a real MCP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp.types import TextContent

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressRefused
from tests.ports import free_port


@asynccontextmanager
async def mcp_server() -> AsyncIterator[int]:
    """Serve one tool on loopback and yield the port."""
    server, port = MCPServer("sums"), free_port()

    @server.tool()
    def add(a: int, b: int) -> str:
        return str(a + b)

    config = uvicorn.Config(server.streamable_http_app(), port=port, log_level="error", lifespan="on")
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    try:
        while not running.started:
            await asyncio.sleep(0.01)
        yield port
    finally:
        running.should_exit = True
        await task


async def test_a_listed_server_is_used() -> None:
    async with mcp_server() as port:
        egress = EgressClient(Settings(egress_allow=(f"127.0.0.1:{port}",)))
        async with (
            egress.guarded() as guarded,
            Client(streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=guarded)) as client,
        ):
            result = await client.call_tool("add", {"a": 2, "b": 40})
        assert isinstance(result.content[0], TextContent)
        assert result.content[0].text == "42"


async def test_a_private_server_is_refused_by_name() -> None:
    async with mcp_server() as port:
        transport = streamable_http_client(
            f"http://127.0.0.1:{port}/mcp", http_client=EgressClient(Settings()).guarded()
        )
        with pytest.raises((EgressRefused, ExceptionGroup)) as raised:
            async with Client(transport):
                pass
        assert f"127.0.0.1:{port} to CHIMERA_EGRESS_ALLOW" in "".join(messages(raised.value))


def messages(error: BaseException) -> list[str]:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return [str(error), *(message for each in inner for message in messages(each))]
