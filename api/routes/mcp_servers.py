"""Routes for users' own MCP servers. Those of the installation are only in its file: no route can define a program."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Response, status
from pydantic_core import to_json

from api.deps import API, ClosedRoute, Parts, WithCaller, WithParts
from api.etags import ChecksTag, ShowsTag
from api.idempotency import KEYED
from api.paging import MAX_PAGE, Cursor, Limit, slice_of
from chimera.config.addresses import problem_of
from chimera.config.sealing import seal
from chimera.ledger import tools as ledger
from chimera.store import mcp_servers
from chimera.tools.base import ToolUnavailable
from chimera.tools.mcp.definitions import Listing
from chimera.tools.mcp.pool import connected_once
from chimera.tools.mcp.servers import HttpServer
from chimera.tools.mcp.source import headers_place, users_server
from models.base import KEY
from models.errors import InvalidInput
from models.ids import UserId
from models.mcp_servers import McpServerPage, McpServerSpec, McpServerView

router = APIRouter(prefix="/mcp-servers", tags=["tools"], route_class=ClosedRoute)

ServerInPath = Annotated[str, Path(pattern=KEY, description="Name of the MCP server, for example `github`")]


@router.get("", operation_id="list_mcp_servers")
async def list_mcp_servers(
    caller: WithCaller, parts: WithParts, limit: Limit = MAX_PAGE, cursor: Cursor = None
) -> McpServerPage:
    """List your own MCP servers by name, without the installation's."""
    async with parts.database.begin() as session:
        found = await mcp_servers.servers_of(session, caller.user_id)
    of = f"mcp servers {caller.user_id}"
    items, following = slice_of(parts.cursors, found, lambda server: [server.name], of=of, cursor=cursor, limit=limit)
    return McpServerPage(items=items, next_cursor=following)


@router.post("", operation_id="create_mcp_server", status_code=status.HTTP_201_CREATED, dependencies=[KEYED])
async def create_mcp_server(
    spec: McpServerSpec, caller: WithCaller, parts: WithParts, response: Response
) -> McpServerView:
    """Add an MCP server at an address, and list its tools. Your agents can use them as `<name>__<tool>`."""
    _check_url(spec.url)
    async with parts.database.begin() as session:
        await mcp_servers.check_new(session, caller.user_id, spec.name)
    sealed = _sealed(parts, caller.user_id, spec)
    server = users_server(parts.settings, caller.user_id, spec.name, spec.url, sealed)
    try:
        listing = await _listed(parts, server)
    except ToolUnavailable as error:
        raise InvalidInput("url", error.message) from None
    async with parts.database.begin() as session:
        await mcp_servers.add(session, caller.user_id, spec.name, spec.url, sealed)
    await _record(parts, caller.user_id, spec.name, listing)
    response.headers["Location"] = f"{API}/mcp-servers/{spec.name}"
    async with parts.database.begin() as session:
        return await mcp_servers.view(session, caller.user_id, spec.name)


@router.get("/{name}", operation_id="get_mcp_server")
async def get_mcp_server(name: ServerInPath, caller: WithCaller, parts: WithParts, tagged: ShowsTag) -> McpServerView:
    """Show one of your own MCP servers."""
    async with parts.database.begin() as session:
        view = await mcp_servers.view(session, caller.user_id, name)
    tagged.show(view)
    return view


@router.delete("/{name}", operation_id="delete_mcp_server", status_code=status.HTTP_204_NO_CONTENT)
async def delete_mcp_server(name: ServerInPath, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> None:
    """Remove one of your own MCP servers with its tools. Agents that name them go on without them."""
    async with parts.database.begin() as session:
        await mcp_servers.one(session, caller.user_id, name, lock=True)
        tagged.check(await mcp_servers.view(session, caller.user_id, name))
        await mcp_servers.remove(session, caller.user_id, name)


@router.post("/{name}/refresh", operation_id="refresh_mcp_server")
async def refresh_mcp_server(name: ServerInPath, caller: WithCaller, parts: WithParts) -> McpServerView:
    """List the tools of one of your own MCP servers again. Changed and new tools wait until you accept them."""
    async with parts.database.begin() as session:
        row = await mcp_servers.one(session, caller.user_id, name)
        url, sealed = row.url, row.headers
    try:
        listing = await _listed(parts, users_server(parts.settings, caller.user_id, name, url, sealed))
    except ToolUnavailable as error:
        await _note(parts, caller.user_id, name, error.message)
        raise
    await _record(parts, caller.user_id, name, listing)
    await _note(parts, caller.user_id, name, None)
    async with parts.database.begin() as session:
        return await mcp_servers.view(session, caller.user_id, name)


def _check_url(url: str) -> None:
    problem = problem_of(url) or ("contains a user name or password" if "@" in urlsplit(url).netloc else None)
    if problem is not None:
        raise InvalidInput("url", f"The address {problem}. Use an address such as https://mcp.example/mcp.")


def _sealed(parts: Parts, owner_id: UserId, spec: McpServerSpec) -> bytes | None:
    """Return the encrypted headers; None if there are none. Raises NoKey if the installation has no key."""
    if not spec.headers:
        return None
    plain = {name: value.get_secret_value() for name, value in spec.headers.items()}
    return seal(parts.settings, to_json(plain), headers_place(owner_id, spec.name))


async def _listed(parts: Parts, server: HttpServer) -> Listing:
    async with connected_once(server, parts.mcp_clients) as connection:
        return connection.listing


async def _record(parts: Parts, owner_id: UserId, name: str, listing: Listing) -> None:
    async with parts.database.connection() as connection:
        await ledger.record(connection, owner_id, name, listing.definitions, listing.hashes)


async def _note(parts: Parts, owner_id: UserId, name: str, error: str | None) -> None:
    async with parts.database.begin() as session:
        row = await mcp_servers.one(session, owner_id, name)
        row.error = error
