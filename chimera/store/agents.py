"""The agents of users: the built-in ones, and those in the tables. `agent_versions.py` reads their versions.

A task uses the versions that were current when it was accepted, or when its draft was started. To find them, it keeps
the value of a counter, the user's `agents_revision`, which every change of an agent raises. A change first locks the
user's row, so revision N+1 never commits before N, and a task that has read N finds every version up to N. Timestamps
couldn't promise that. Agents that others share with the user have other counters: `shared_agents.py` pins them.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ScalarSelect, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Agent, AgentVersion, User
from chimera.store import agents_of_others, shares
from chimera.store.access import open_to
from chimera.store.agents_of_others import StoredAgent, current
from models.agents import BUILT_IN, BUILT_IN_BY_NAME, AgentSpec, AgentView
from models.errors import Conflict, Forbidden, InactiveAgent, InvalidInput, NotFound, UnknownAgent
from models.ids import AgentId, UserId
from models.remedies import Action, Remedy
from models.shares import Right, ShareKind
from models.users import Caller

BUILT_IN_VIEWS = {agent.name: AgentView(built_in=True, **agent.model_dump()) for agent in BUILT_IN}


async def agents_of(session: AsyncSession, owner_id: UserId) -> dict[str, AgentView]:
    """Return all agents of a user by name: the built-in ones, then the user's own, including inactive ones."""
    rows = await session.execute(current().where(Agent.owner_id == owner_id).order_by(Agent.name))
    return BUILT_IN_VIEWS | {row.name: view_of(StoredAgent(row, AgentSpec.model_validate(spec))) for row, spec in rows}


async def shared_with_caller(session: AsyncSession, caller: Caller, right: Right = Right.VIEW) -> list[AgentView]:
    """Return the agents that others share with the caller, with at least this right, by name and ID."""
    return [view_of(agent) for agent in await agents_of_others.all_of(session, caller, right)]


async def one(
    session: AsyncSession, caller: Caller, ref: str, right: Right = Right.VIEW, *, named: bool = True
) -> AgentView:
    """Return a built-in agent by name, or else what `found` returns."""
    return BUILT_IN_VIEWS.get(ref) or view_of(await found(session, caller, ref, right, named=named))


async def found(
    session: AsyncSession,
    caller: Caller,
    ref: str,
    right: Right | None,
    *,
    named: bool = True,
    to_be: str = "changed",
) -> StoredAgent:
    """Return an agent that the caller has a right to: one of the caller's own by name or ID, or else one of others by
    ID or, if `named`, by a name that only one of them has. A stored name never means an agent of others, because
    another one could take its place.

    Raises NotFound, also for an agent that isn't shared with the caller, Forbidden for a smaller right, AmbiguousAgent,
    and Conflict for a built-in agent. Without `right`, only owners and administrators pass.
    """
    if ref in BUILT_IN_BY_NAME:
        raise Conflict(
            f"Agent {ref!r} is built in and can't be {to_be}. You can create your own agent instead.",
            remedy=Remedy(action=Action.CREATE_AGENT),
        )
    mine = await _own(session, caller.user_id, ref)
    if mine is not None:
        return mine
    if is_id(ref):
        return await agents_of_others.by_id(session, caller, ref, right)
    if not named:
        raise NotFound("agent", ref)
    return await agents_of_others.by_name(session, caller, ref, right)


async def locked(
    session: AsyncSession, caller: Caller, ref: str, right: Right | None, *, to_be: str = "changed"
) -> StoredAgent:
    """Return what `found` returns, after locking its owner's agents until the transaction ends."""
    agent = await found(session, caller, ref, right, to_be=to_be)
    await lock(session, UserId(agent.row.owner_id))
    # Only now does no other change come in between.
    if agent.row.owner_id != caller.user_id:
        return await agents_of_others.by_id(session, caller, agent.row.id, right)
    return await own(session, caller.user_id, ref)


async def own(session: AsyncSession, owner_id: UserId, ref: str) -> StoredAgent:
    """Return one of a user's own agents by name or ID. Raises NotFound."""
    agent = await _own(session, owner_id, ref)
    if agent is None:
        raise NotFound("agent", ref)
    return agent


def check_editor(caller: Caller, agent: StoredAgent) -> None:
    """Raise Forbidden for an administrator who may not change what another user's agent does."""
    if agent.row.owner_id != caller.user_id and agent.right is not Right.EDIT:
        raise Forbidden("Only an agent's owner can change it. Administrators can deactivate or delete it.")


async def check_active(session: AsyncSession, owner_id: UserId, names: Collection[str]) -> None:
    """Raise InactiveAgent if one of these agents takes no new work, and UnknownAgent for one of others, by ID, that
    the user may no longer use. Other unknown names pass: their subtasks fail.
    """
    custom = sorted(set(names) - BUILT_IN_BY_NAME.keys())
    if not custom:
        return
    mine = select(Agent.name, Agent.active).where(Agent.owner_id == owner_id, Agent.name.in_(custom))
    active = {row.name: row.active for row in await session.execute(mine)}
    ids = [name for name in custom if name not in active and is_id(name)]
    usable = await usable_by(session, owner_id, ids) if ids else {}
    for id in ids:
        if id not in usable:
            raise UnknownAgent(id, sorted(BUILT_IN_BY_NAME))
        active[id] = usable[id].active
    for name in custom:
        if not active.get(name, True):
            raise InactiveAgent(name)


async def usable_by(session: AsyncSession, owner_id: UserId, ids: Collection[str]) -> dict[str, Agent]:
    """Return those of these agents that a user may name in new runs, by ID: the user's own, and shared ones."""
    user = Caller(user_id=owner_id, role="user")
    found = select(Agent).where(Agent.id.in_(ids), *open_to(user, ShareKind.AGENT, Right.USE))
    return {row.id: row for row in await session.scalars(found)}


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
    return view_of(StoredAgent(agent, spec))


async def change(session: AsyncSession, agent: StoredAgent, spec: AgentSpec) -> AgentView:
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
    return view_of(agent._replace(spec=spec))


async def set_active(session: AsyncSession, agent: StoredAgent, *, active: bool) -> AgentView:
    """Set whether an agent takes new work. The user's agents must be locked."""
    if agent.row.active != active:
        agent.row.active = active
        await _raise_revision(session, agent.row.owner_id)
    return view_of(agent)


async def delete(session: AsyncSession, agent: StoredAgent) -> None:
    """Delete an agent with its versions and shares. The owner's agents must be locked."""
    await session.delete(agent.row)
    await shares.forget(session, ShareKind.AGENT, [agent.row.id])
    await _raise_revision(session, agent.row.owner_id)


async def lock(session: AsyncSession, owner_id: UserId) -> None:
    """Lock a user's agents until the transaction ends, before they are read for a change. This blocks no tasks."""
    await session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))


def revision_of(owner_id: UserId) -> ScalarSelect[int]:
    """Select the current revision of a user's agents."""
    return select(User.agents_revision).where(User.id == owner_id).scalar_subquery()


def ref_of(agent: AgentView) -> str:
    """Return what is stored for an agent that a user has named: its name or, if it is another user's, its ID."""
    return agent.name if agent.right is None or agent.id is None else agent.id


def is_id(ref: str) -> bool:
    """Return whether a reference can be the ID of an agent."""
    try:
        return str(UUID(ref)) == ref
    except ValueError:
        return False


def view_of(agent: StoredAgent) -> AgentView:
    row, spec, right = agent
    return AgentView(
        id=AgentId(row.id),
        owner_id=UserId(row.owner_id),
        version=row.version,
        active=row.active,
        built_in=False,
        right=right,
        **spec.model_dump(),
    )


async def _own(session: AsyncSession, owner_id: UserId, ref: str) -> StoredAgent | None:
    # An agent may have the ID of another one as its name. Then, the name counts.
    named = or_(Agent.name == ref, Agent.id == ref) if is_id(ref) else Agent.name == ref
    found = current().where(Agent.owner_id == owner_id, named).order_by((Agent.name == ref).desc()).limit(1)
    row = (await session.execute(found.execution_options(populate_existing=True))).one_or_none()
    return None if row is None else StoredAgent(row[0], AgentSpec.model_validate(row[1]))


async def _add_version(session: AsyncSession, agent: Agent, spec: AgentSpec) -> None:
    revision = await _raise_revision(session, agent.owner_id)
    fields = spec.model_dump(mode="json")
    session.add(AgentVersion(agent_id=agent.id, version=agent.version, spec=fields, revision=revision))
    await session.flush()


async def _raise_revision(session: AsyncSession, owner_id: str) -> int:
    """Count a change of a user's agents; return its revision."""
    raised = update(User).where(User.id == owner_id).values(agents_revision=User.agents_revision + 1)
    return (await session.execute(raised.returning(User.agents_revision))).scalar_one()
