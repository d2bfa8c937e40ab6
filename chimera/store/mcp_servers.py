"""MCP servers that users have added."""

from collections.abc import Sequence

from sqlalchemy import Integer, Select, cast, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import McpServer, ToolRow, User
from models.errors import Conflict, NotFound
from models.ids import UserId
from models.mcp_servers import McpServerView
from models.remedies import Action, Remedy
from models.tools import ToolSource, ToolStatus

MAX_SERVERS = 20
"""Servers that a user can add: each may have 200 tools and a connection per worker."""


async def servers_of(session: AsyncSession, owner_id: UserId) -> tuple[McpServerView, ...]:
    """Return a user's servers by name."""
    rows = await session.execute(_with_counts(owner_id).order_by(McpServer.name))
    return tuple(_view_of(row, tools, waiting) for row, tools, waiting in rows)


async def view(session: AsyncSession, owner_id: UserId, name: str) -> McpServerView:
    """Return one of a user's servers. Raises NotFound, also for another user's server."""
    found = (await session.execute(_with_counts(owner_id).where(McpServer.name == name))).one_or_none()
    if found is None:
        raise NotFound("MCP server", name)
    return _view_of(*found)


async def one(session: AsyncSession, owner_id: UserId, name: str, *, lock: bool = False) -> McpServer:
    """Return the row of one of a user's servers. Raises NotFound, also for another user's server."""
    statement = select(McpServer).where(McpServer.owner_id == owner_id, McpServer.name == name)
    row = await session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("MCP server", name)
    return row


async def check_new(session: AsyncSession, owner_id: UserId, name: str) -> None:
    """Raise Conflict if a user can't add a server of this name: it is taken, or there are too many."""
    # Locked, so that two requests at once can't exceed the limit.
    await session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    names: Sequence[str] = (await session.scalars(select(McpServer.name).where(McpServer.owner_id == owner_id))).all()
    if name in names:
        raise _taken(name, "you have a server of this name")
    installed = select(ToolRow.id).where(ToolRow.owner_id.is_(None), ToolRow.server == name).limit(1)
    if await session.scalar(installed) is not None:
        raise _taken(name, "the installation has a server of this name")
    if len(names) >= MAX_SERVERS:
        raise Conflict(
            f"You have {len(names)} MCP servers, and can have at most {MAX_SERVERS}. Remove one first.",
            remedy=Remedy(action=Action.LIST_MCP_SERVERS),
        )


async def add(session: AsyncSession, owner_id: UserId, name: str, url: str, headers: bytes | None) -> None:
    """Store a server with its sealed headers. Raises Conflict if it can't be added."""
    await check_new(session, owner_id, name)
    await session.execute(insert(McpServer).values(owner_id=owner_id, name=name, url=url, headers=headers))


async def remove(session: AsyncSession, owner_id: UserId, name: str) -> None:
    """Delete a server and its tools. Raises NotFound."""
    await session.delete(await one(session, owner_id, name))
    await session.execute(
        delete(ToolRow).where(
            ToolRow.owner_id == owner_id, ToolRow.source == ToolSource.MCP.value, ToolRow.server == name
        )
    )


def _with_counts(owner_id: UserId) -> Select[McpServer, int, int]:
    """Select a user's servers, each with the number of its tools, and of those that wait to be accepted."""
    own = (ToolRow.owner_id == McpServer.owner_id) & (ToolRow.server == McpServer.name)
    counted = select(func.count()).where(own, ToolRow.status != ToolStatus.GONE.value)
    waiting = select(func.count()).where(own, ToolRow.status == ToolStatus.CHANGED.value)
    return select(McpServer, cast(counted.scalar_subquery(), Integer), cast(waiting.scalar_subquery(), Integer)).where(
        McpServer.owner_id == owner_id
    )


def _view_of(row: McpServer, tools: int, waiting: int) -> McpServerView:
    return McpServerView(
        name=row.name,
        url=row.url,
        has_headers=row.headers is not None,
        tools=tools,
        waiting=waiting,
        error=row.error,
        created_at=row.created_at,
    )


def _taken(name: str, reason: str) -> Conflict:
    return Conflict(
        f"The name {name!r} is taken: {reason}. Choose another name.",
        field="name",
        remedy=Remedy(action=Action.LIST_MCP_SERVERS),
    )
