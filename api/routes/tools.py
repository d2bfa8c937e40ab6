"""Routes for the tools that agents can use, and for accepting changed ones."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from api.deps import ClosedRoute, WithCaller, WithParts
from api.etags import ShowsTag
from api.idempotency import WithKey
from api.paging import MAX_PAGE, Cursor, Limit, slice_of
from chimera.store import agents, tools
from models.base import AGENT
from models.tools import TOOL_NAME, Acceptance, ToolDetails, ToolPage

router = APIRouter(prefix="/tools", tags=["tools"], route_class=ClosedRoute)

ToolInPath = Annotated[str, Path(pattern=TOOL_NAME, description="Full name of the tool, for example `calculator`")]


@router.get("", operation_id="list_tools")
async def list_tools(
    caller: WithCaller,
    parts: WithParts,
    agent: Annotated[
        str | None, Query(pattern=AGENT, description="Name or ID of an agent: list only the tools that it can use")
    ] = None,
    limit: Limit = MAX_PAGE,
    cursor: Cursor = None,
) -> ToolPage:
    """List the tools that your agents can use: built in, the installation's, and those of your MCP servers.

    `ruling` says whether calls are allowed, have to be approved or are denied, and by whose rule.
    """
    async with parts.database.begin() as session:
        of_agent = None if agent is None else await agents.one(session, caller, agent)
        found = await tools.tools_of(session, parts.settings, caller.user_id, of_agent)
    of = f"tools {caller.user_id} {agent or ''}"
    items, following = slice_of(parts.cursors, found, lambda tool: [tool.name], of=of, cursor=cursor, limit=limit)
    return ToolPage(items=items, next_cursor=following)


@router.get("/{name}", operation_id="get_tool")
async def get_tool(name: ToolInPath, caller: WithCaller, parts: WithParts, tagged: ShowsTag) -> ToolDetails:
    """Show a tool. For a changed one, `offered` is the definition that its server offers now."""
    async with parts.database.begin() as session:
        details = await tools.details(session, parts.settings, caller.user_id, name)
    tagged.show(details)
    return details


@router.post("/{name}/accept", operation_id="accept_tool")
async def accept_tool(
    name: ToolInPath, caller: WithCaller, parts: WithParts, keyed: WithKey, acceptance: Acceptance | None = None
) -> ToolDetails:
    """Accept the changed definition of a tool, so that it can be called again.

    You accept changes of your own MCP servers; administrators accept those of the installation's.
    """
    async with parts.database.begin() as session:
        hashed = acceptance.sha256 if acceptance else None
        details = await tools.accept(session, parts.settings, caller, name, hashed)
        await keyed.made(session, details, status.HTTP_200_OK)
    return details
