"""A user's agents: the built-in ones, and those in the tables. `agent_versions.py` reads their versions.

A task uses the versions that were current when it was accepted, or when its draft was started. To find them, it keeps
the value of a counter, the user's `agents_revision`, which every change of an agent raises. A change first locks the
user's row, so revision N+1 never commits before N, and a task that has read N finds every version up to N. Timestamps
couldn't promise that.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, Select, Text, cast, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Agent, AgentVersion, User
from models.agents import BUILT_IN, BUILT_IN_BY_NAME, AgentSpec, AgentView
from models.errors import Conflict, InactiveAgent, InvalidInput, NotFound
from models.ids import AgentId, UserId
from models.remedies import Action, Remedy

BUILT_IN_VIEWS = {agent.name: AgentView(built_in=True, **agent.model_dump()) for agent in BUILT_IN}


class OwnAgent(NamedTuple):
    """One of a user's own agents, with the fields of its newest version."""

    row: Agent
    spec: AgentSpec


async def agents_of(session: AsyncSession, owner_id: UserId) -> dict[str, AgentView]:
    """Return all agents of a user by name: the built-in ones, then the user's own, including inactive ones."""
    rows = await session.execute(_current(owner_id).order_by(Agent.name))
    return BUILT_IN_VIEWS | {row.name: view_of(OwnAgent(row, AgentSpec.model_validate(spec))) for row, spec in rows}


async def one(session: AsyncSession, owner_id: UserId, ref: str) -> AgentView:
    """Return an agent by name, or one of the user's own by ID. Raises NotFound, also for another user's agent."""
    return BUILT_IN_VIEWS.get(ref) or view_of(await own(session, owner_id, ref))


async def own(session: AsyncSession, owner_id: UserId, ref: str, *, to_be: str = "changed") -> OwnAgent:
    """Return one of the user's own agents by name or ID. Raises NotFound, and Conflict for a built-in one."""
    if ref in BUILT_IN_BY_NAME:
        raise Conflict(
            f"Agent {ref!r} is built in and can't be {to_be}. You can create your own agent instead.",
            remedy=Remedy(action=Action.CREATE_AGENT),
        )
    # An agent may have the ID of another one as its name. Then, the name counts.
    named = or_(Agent.name == ref, cast(Agent.id, Text) == ref)
    found = _current(owner_id).where(named).order_by((Agent.name == ref).desc()).limit(1)
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFound("agent", ref)
    return OwnAgent(row[0], AgentSpec.model_validate(row[1]))


async def check_active(session: AsyncSession, owner_id: UserId, names: Collection[str]) -> None:
    """Raise InactiveAgent if one of these agents takes no new work."""
    own_names = sorted(set(names) - BUILT_IN_BY_NAME.keys())
    if not own_names:
        return
    inactive = select(Agent.name).where(Agent.owner_id == owner_id, Agent.name.in_(own_names), ~Agent.active)
    name = await session.scalar(inactive.order_by(Agent.name).limit(1))
    if name is not None:
        raise InactiveAgent(name)


async def create(session: AsyncSession, owner_id: UserId, spec: AgentSpec) -> AgentView:
    """Store an agent. Raises Conflict if a built-in agent or one of the user's own agents has the same name."""
    if spec.name in BUILT_IN_BY_NAME:
        raise Conflict(f"Agent {spec.name!r} is built in and can't be replaced. Choose another name.", field="name")
    await lock(session, owner_id)
    statement = (
        insert(Agent)
        .values(owner_id=owner_id, name=spec.name)
        .on_conflict_do_nothing(constraint="agents_owner_name")
        .returning(Agent)
    )
    agent = await session.scalar(statement)
    if agent is None:
        raise Conflict(
            f"Agent {spec.name!r} already exists. Change it, or choose another name.",
            field="name",
            remedy=Remedy(action=Action.CHANGE_AGENT, target=spec.name),
        )
    await _add_version(session, agent, spec)
    return view_of(OwnAgent(agent, spec))


async def change(session: AsyncSession, agent: OwnAgent, spec: AgentSpec) -> AgentView:
    """Make a new version of an agent, unless nothing changes. The user's agents must be locked.

    Raises InvalidInput if the name differs: plans, schedules and the ledger know an agent by its name.
    """
    if spec.name != agent.row.name:
        raise InvalidInput(
            "name",
            f"The name of agent {agent.row.name!r} can't be changed. Send this name, or create a new agent.",
            remedy=Remedy(action=Action.CREATE_AGENT),
        )
    if spec != agent.spec:
        agent.row.version += 1
        await _add_version(session, agent.row, spec)
    return view_of(OwnAgent(agent.row, spec))


async def set_active(session: AsyncSession, agent: OwnAgent, *, active: bool) -> AgentView:
    """Set whether an agent takes new work. The user's agents must be locked."""
    if agent.row.active != active:
        agent.row.active = active
        await _raise_revision(session, agent.row.owner_id)
    return view_of(agent)


async def delete(session: AsyncSession, agent: OwnAgent) -> None:
    """Delete an agent with its versions. The user's agents must be locked."""
    await session.delete(agent.row)
    await _raise_revision(session, agent.row.owner_id)


async def lock(session: AsyncSession, owner_id: UserId) -> None:
    """Lock a user's agents until the transaction ends, before they are read for a change. This blocks no tasks."""
    await session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))


def revision_of(owner_id: UserId) -> ScalarSelect[int]:
    """Select the current revision of a user's agents."""
    return select(User.agents_revision).where(User.id == owner_id).scalar_subquery()


def view_of(agent: OwnAgent) -> AgentView:
    row, spec = agent
    return AgentView(id=AgentId(row.id), version=row.version, active=row.active, built_in=False, **spec.model_dump())


def _current(owner_id: UserId) -> Select[Agent, dict[str, Any]]:
    """Select a user's own agents, each with the fields of its newest version."""
    newest = (AgentVersion.agent_id == Agent.id) & (AgentVersion.version == Agent.version)
    return select(Agent, AgentVersion.spec).join(AgentVersion, newest).where(Agent.owner_id == owner_id)


async def _add_version(session: AsyncSession, agent: Agent, spec: AgentSpec) -> None:
    revision = await _raise_revision(session, agent.owner_id)
    fields = spec.model_dump(mode="json")
    session.add(AgentVersion(agent_id=agent.id, version=agent.version, spec=fields, revision=revision))
    await session.flush()


async def _raise_revision(session: AsyncSession, owner_id: str) -> int:
    """Count a change of a user's agents; return its revision."""
    raised = update(User).where(User.id == owner_id).values(agents_revision=User.agents_revision + 1)
    return (await session.execute(raised.returning(User.agents_revision))).scalar_one()
