"""The tools of MCP servers in a worker's catalog: those of the installation's file, and those of users' own servers.

A tool exists for a model as it was accepted. A call compares that with what the live server offers, so a definition
that was swapped is found before the call runs.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import JsonValue
from pydantic_core import from_json

from chimera.config.sealing import NotUnsealable, unseal
from chimera.config.settings import Settings
from chimera.db.engine import Connection, Database
from chimera.ledger import tools as ledger
from chimera.tools.base import Tool, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.catalog import matches
from chimera.tools.context import ToolContext
from chimera.tools.mcp.calls import call
from chimera.tools.mcp.configuration import Configuration, likely_secrets, read_configuration
from chimera.tools.mcp.definitions import Listing
from chimera.tools.mcp.http import HttpClients, plain_client
from chimera.tools.mcp.pool import Connections
from chimera.tools.mcp.servers import HttpServer, Server
from models.ids import UserId
from models.remedies import Action, Remedy
from models.tools import SEPARATOR, ToolDefinition

log = structlog.get_logger()

LISTED_AT_ONCE = 4


class McpSource:
    """Implements `chimera.tools.catalog.ToolSource`."""

    def __init__(self, settings: Settings, database: Database, clients: HttpClients = plain_client) -> None:
        self.configuration: Configuration = read_configuration(settings)
        self.connections = Connections(clients)
        self._settings = settings
        self._database = database
        self._servers: Mapping[str, Server] = {server.name: server for server in self.configuration.servers}
        self._recorded: dict[tuple[str | None, str], Mapping[str, str]] = {}

    async def tools_of(self, connection: Connection, owner_id: UserId, patterns: Sequence[str]) -> Sequence[Tool]:
        """Return the user's accepted tools whose names match. A user's tool can't hide one of the installation."""
        if not any("*" in pattern or SEPARATOR in pattern for pattern in patterns):
            # Every name of such a tool contains the separator.
            return ()
        found: dict[str, Tool] = {}
        for each in await ledger.callable_tools(connection, owner_id):
            name, server = each.definition.name, self._server_of(each)
            if server is not None and matches(name, patterns):
                found.setdefault(name, McpTool(each.definition, each.sha256, server, self))
        return tuple(found.values())

    async def list_all(self) -> None:
        """List the tools of the installation's servers and compare them with the accepted ones. Never raises."""
        for problem in self.configuration.problems:
            log.error("mcp_server_unusable", server=problem.server, problem=problem.message)
        places = asyncio.Semaphore(LISTED_AT_ONCE)
        try:
            async with self._database.connection() as connection:
                await ledger.retire(connection, self._servers)
        except Exception:
            log.exception("mcp_servers_not_compared")
        await asyncio.gather(*(self._list(server, places) for server in self._servers.values()))

    async def checked(self, server: Server) -> tuple[Any, Listing]:
        """Return a live connection and its current tools, which have been compared with the accepted ones.

        Raises ToolUnavailable.
        """
        connection = await self.connections.connected(server)
        listing = await connection.current()
        place = (server.owner_id, server.name)
        if self._recorded.get(place) != listing.hashes:
            async with self._database.connection() as writing:
                await ledger.record(writing, server.owner_id, server.name, listing.definitions, listing.hashes)
            self._recorded[place] = listing.hashes
        return connection, listing

    async def close(self) -> None:
        """Close all connections; the processes of servers end."""
        await self.connections.close()

    async def _list(self, server: Server, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                await self.checked(server)
            except ToolUnavailable as error:
                log.warning("mcp_server_unavailable", server=server.name, reason=error.message)
            except Exception:
                log.exception("mcp_server_not_listed", server=server.name)

    def _server_of(self, tool: ledger.CallableTool) -> Callable[[], Server] | None:
        """Return how to get the tool's server; None if this worker has none."""
        name = tool.definition.server or ""
        if tool.owner_id is None:
            server = self._servers.get(name)
            return None if server is None else lambda: server
        if tool.url is None:
            return None
        return lambda: users_server(self._settings, tool.owner_id, name, tool.url or "", tool.headers)


@dataclass(frozen=True, slots=True)
class McpTool:
    """Implements `chimera.tools.base.Tool` for an accepted tool."""

    definition: ToolDefinition
    sha256: str
    server: Callable[[], Server]
    source: McpSource

    async def run(self, arguments: Mapping[str, JsonValue], context: ToolContext) -> ToolOutput:
        """Call the tool, unless its server now offers another definition."""
        connection, listing = await self.source.checked(self.server())
        offered = listing.hashes.get(self.definition.name)
        if offered is None:
            raise ToolError(f"{self.definition.name} wasn't run: its MCP server no longer offers it. Do without it.")
        if offered != self.sha256:
            raise _changed(self.definition.name, is_own=self.server().owner_id is not None)
        return await call(connection, self.definition.original or "", arguments, context)


@asynccontextmanager
async def open_mcp(
    settings: Settings, database: Database, clients: HttpClients = plain_client
) -> AsyncIterator[McpSource]:
    """Open the source for a worker. The installation's servers are listed in the background."""
    source = McpSource(settings, database, clients)
    listing = asyncio.create_task(source.list_all())
    try:
        yield source
    finally:
        listing.cancel()
        await asyncio.gather(listing, return_exceptions=True)
        await source.close()


def users_server(settings: Settings, owner_id: UserId | None, name: str, url: str, sealed: bytes | None) -> HttpServer:
    """Return a user's server with its headers decrypted. Raises ToolUnavailable if they can't be."""
    headers: dict[str, str] = {}
    if sealed is not None:
        try:
            headers = from_json(unseal(settings, sealed, headers_place(owner_id, name)))
        except NotUnsealable as error:
            raise ToolUnavailable(error.message) from None
    return HttpServer(name, url, headers, owner_id=owner_id, secrets=likely_secrets(headers))


def headers_place(owner_id: UserId | None, name: str) -> str:
    """Return the place for which a server's headers are sealed; see `chimera/config/sealing.py`."""
    return f"mcp_servers.{owner_id}.{name}.headers"


def _changed(name: str, *, is_own: bool) -> ToolError:
    who = "You, as its owner, have" if is_own else "An administrator has"
    error = ToolError(
        f"{name} wasn't run: its MCP server has changed its definition. {who} to look at the change and accept it."
        " Continue without this tool."
    )
    error.remedy = Remedy(action=Action.ACCEPT_TOOL, target=name)
    return error
