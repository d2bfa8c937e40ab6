"""The tools that a user can give to agents, and the acceptance of changed ones."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.tables import McpServer, ToolRow
from chimera.ledger import notifications
from chimera.store import accounts, policies
from chimera.store.policies import Judge
from chimera.tools import built_in
from chimera.tools.catalog import matches
from models.agents import AgentView
from models.errors import Conflict, Forbidden, NotFound
from models.ids import UserId
from models.remedies import Action, Remedy
from models.tools import SEPARATOR, OfferedTool, ToolDefinition, ToolDetails, ToolSource, ToolStatus, ToolView
from models.users import Caller

MAX_LISTED = 2000


@dataclass(frozen=True, slots=True)
class KnownTools:
    """The tools and servers that a user's agents may name."""

    names: tuple[str, ...]
    servers: frozenset[str]

    def has(self, pattern: str) -> bool:
        """Return whether an agent's entry is a tool, a pattern that matches one, or a pattern for a known server."""
        if pattern in self.names:
            return True
        is_pattern = "*" in pattern
        server, separator, _ = pattern.partition(SEPARATOR)
        # A server that is down when it is added may have no tools yet.
        is_for_server = bool(separator) and server in self.servers
        return is_pattern and (is_for_server or any(matches(name, (pattern,)) for name in self.names))

    def is_limited_to_these(self, pattern: str) -> bool:
        """Return whether an agent's entry is a tool or a pattern for a known server, so that it matches no other."""
        server, separator, _ = pattern.partition(SEPARATOR)
        return pattern in self.names or (bool(separator) and server in self.servers)


async def known_to(session: AsyncSession, owner_id: UserId | None) -> KnownTools:
    """Return what a user's agents may name: built-in tools, the installation's, and those of the user's servers.

    Without a user, what all users' agents may name.
    """
    rows = (await session.execute(select(ToolRow.name, ToolRow.server).where(_visible_to(owner_id)))).all()
    servers = (await session.scalars(select(McpServer.name).where(McpServer.owner_id == owner_id))).all()
    names = sorted({*built_in.NAMES, *(name for name, _ in rows)})
    return KnownTools(tuple(names), frozenset({*servers, *(server for _, server in rows if server)}))


async def tools_of(
    session: AsyncSession, settings: Settings, owner_id: UserId, agent: AgentView | None = None
) -> tuple[ToolView, ...]:
    """Return the tools that a user can use, by name; with `agent`, those that it can use, and what the rules say."""
    judge = await policies.judge_of(session, settings, owner_id)
    name, patterns = ("", ("*",)) if agent is None else (agent.name, agent.tools)
    rows = await _rows(session, owner_id)
    return tuple(_view_of(row, judge, name) for row in rows if matches(row.name, patterns))


async def details(session: AsyncSession, settings: Settings, owner_id: UserId, name: str) -> ToolDetails:
    """Return a tool, with the change that waits to be accepted. Raises NotFound."""
    row = await _one(session, owner_id, name)
    return _details_of(row, await policies.judge_of(session, settings, owner_id))


async def accept(
    session: AsyncSession, settings: Settings, caller: Caller, name: str, sha256: str | None
) -> ToolDetails:
    """Accept the definition that a tool's server offers now.

    Raises NotFound, Forbidden for an installation's tool unless the caller is an administrator, and Conflict if nothing
    waits to be accepted, or something other than `sha256`.
    """
    row = await _one(session, caller.user_id, name, for_update=True)
    if row.owner_id is None and caller.role != "admin":
        raise Forbidden("Only administrators can accept changed tools of the installation's servers.")
    if row.owner_id is None:
        await accounts.check_acting(session, caller)
    if row.offered is None:
        raise Conflict(f"Tool {name!r} has no change to accept. It is {row.status}.")
    if sha256 is not None and sha256 != row.offered["sha256"]:
        raise Conflict(
            f"The definition of tool {name!r} has changed again. Look at the new one before you accept it.",
            field="sha256",
            remedy=Remedy(action=Action.SHOW_TOOL, target=name),
        )
    row.definition = ToolDefinition.model_validate(row.offered).model_dump(mode="json")
    row.sha256, row.offered, row.status = row.offered["sha256"], None, ToolStatus.ACTIVE.value
    await session.flush()
    await notifications.tool_settled(session, UserId(row.owner_id) if row.owner_id else None, name)
    return _details_of(row, await policies.judge_of(session, settings, caller.user_id))


def _visible_to(owner_id: UserId | None) -> ColumnElement[bool]:
    return or_(ToolRow.owner_id.is_(None), ToolRow.owner_id == owner_id)


async def _rows(session: AsyncSession, owner_id: UserId) -> list[ToolRow]:
    """Return a user's tools by name. A tool of the installation hides the user's own of the same name, as in a run."""
    found = select(ToolRow).where(_visible_to(owner_id)).order_by(ToolRow.name, ToolRow.owner_id.is_not(None))
    by_name: dict[str, ToolRow] = {}
    for row in await session.scalars(found.limit(MAX_LISTED)):
        by_name.setdefault(row.name, row)
    return list(by_name.values())


async def _one(session: AsyncSession, owner_id: UserId, name: str, *, for_update: bool = False) -> ToolRow:
    found = select(ToolRow).where(_visible_to(owner_id), ToolRow.name == name)
    found = found.order_by(ToolRow.owner_id.is_not(None)).limit(1)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFound("tool", name)
    return row


def _view_of(row: ToolRow, judge: Judge, agent: str = "") -> ToolView:
    definition = ToolDefinition.model_validate(row.definition)
    return ToolView(
        name=row.name,
        description=definition.description,
        parameters=definition.parameters,
        kind=definition.kind,
        source=ToolSource(row.source),
        server=row.server,
        reads_only=definition.reads_only,
        untrusted=definition.untrusted,
        egress=definition.egress,
        status=ToolStatus(row.status),
        sha256=row.sha256,
        own=row.owner_id is not None,
        ruling=judge.outlook(definition, agent),
    )


def _details_of(row: ToolRow, judge: Judge) -> ToolDetails:
    offered = None if row.offered is None else OfferedTool.model_validate(row.offered)
    return ToolDetails(**_view_of(row, judge).model_dump(), offered=offered)
