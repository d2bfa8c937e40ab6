"""Agents of others: found by a user who is a member of a group that they are shared with."""

from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Agent, AgentVersion, GroupMember, Share
from chimera.store.access import listed_for, open_to, too_little
from models.agents import AgentSpec
from models.errors import AmbiguousAgent, NotFound
from models.shares import CONTAINED_IN, Right, ShareKind
from models.users import Caller

MAX_SHARED = 1000
"""Maximum number of agents of others in a list."""


class StoredAgent(NamedTuple):
    """An agent from the tables, with the fields of its newest version."""

    row: Agent
    spec: AgentSpec
    right: Right | None = None
    """The caller's right to another user's agent. Administrators may have none."""


async def all_of(session: AsyncSession, caller: Caller, right: Right) -> list[StoredAgent]:
    """Return the agents that others share with the caller, with at least this right, by name and ID."""
    found = _seen_by(caller).where(*listed_for(caller, ShareKind.AGENT, "shared"))
    rows = await session.execute(found.order_by(Agent.name, Agent.id).limit(MAX_SHARED))
    return [agent for agent in map(_stored, rows) if agent.right in CONTAINED_IN[right]]


async def by_name(session: AsyncSession, caller: Caller, name: str, right: Right | None) -> StoredAgent:
    """Return the only agent of others with this name that the caller has a right to. Raises the errors of
    `agents.found`.
    """
    same = _seen_by(caller).where(Agent.name == name, *listed_for(caller, ShareKind.AGENT, "shared"))
    seen = [_stored(row) for row in await session.execute(same.order_by(Agent.id).limit(MAX_SHARED))]
    fitting = [agent for agent in seen if right is not None and agent.right in CONTAINED_IN[right]]
    if len(fitting) > 1:
        raise AmbiguousAgent(name, [agent.row.id for agent in fitting])
    if fitting:
        return fitting[0]
    if seen:
        raise too_little("agent", right)
    raise NotFound("agent", name)


async def by_id(session: AsyncSession, caller: Caller, id: str, right: Right | None) -> StoredAgent:
    """Return an agent of others. Raises NotFound, and Forbidden for a smaller right."""
    found = _seen_by(caller).where(Agent.id == id, *open_to(caller, ShareKind.AGENT))
    row = (await session.execute(found.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound("agent", id)
    agent = _stored(row)
    if caller.role != "admin" and (right is None or agent.right not in CONTAINED_IN[right]):
        raise too_little("agent", right)
    return agent


def current() -> Select[Agent, dict[str, Any]]:
    """Select agents, each with the fields of its newest version. The condition on their owners is still to be added."""
    newest = (AgentVersion.agent_id == Agent.id) & (AgentVersion.version == Agent.version)
    return select(Agent, AgentVersion.spec).join(AgentVersion, newest)


def _seen_by(caller: Caller) -> Select[Agent, dict[str, Any], list[str] | None]:
    """Select agents of others as `current` does, each with the rights of the caller's groups."""
    rights = (
        select(func.array_agg(Share.right))
        .join(GroupMember, GroupMember.group_id == Share.group_id)
        .where(Share.kind == ShareKind.AGENT.value, Share.resource_id == Agent.id)
        .where(GroupMember.user_id == caller.user_id)
        .correlate(Agent)
    )
    return current().add_columns(rights.scalar_subquery())


def _stored(row: Any) -> StoredAgent:
    agent, spec, rights = row
    order = [*Right]
    largest = max(map(Right, rights), key=order.index) if rights else None
    return StoredAgent(agent, AgentSpec.model_validate(spec), largest)
