"""A user's agents: the built-in ones, and those in the table."""

from sqlalchemy import delete as delete_from
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Agent
from models.agents import BUILT_IN_BY_NAME, AgentSpec, AgentView, with_built_in
from models.errors import Conflict, NotFound
from models.ids import UserId
from models.remedies import Action, Remedy


async def agents_of(session: AsyncSession, owner_id: UserId) -> dict[str, AgentSpec]:
    """Return every agent that the user's tasks may name."""
    specs = await session.scalars(select(Agent.spec).where(Agent.owner_id == owner_id).order_by(Agent.name))
    return with_built_in(specs)


async def create(session: AsyncSession, owner_id: UserId, agent: AgentSpec) -> None:
    """Store an agent. Raises Conflict if a built-in agent or one of the user's own agents has the same name."""
    statement = (
        insert(Agent)
        .values(owner_id=owner_id, name=agent.name, spec=agent.model_dump(mode="json"))
        .on_conflict_do_nothing(constraint="agents_owner_name")
        .returning(Agent.id)
    )
    if agent.name in BUILT_IN_BY_NAME:
        raise Conflict(f"Agent {agent.name!r} is built in and can't be replaced. Choose another name.", field="name")
    if await session.scalar(statement) is None:
        raise Conflict(
            f"Agent {agent.name!r} already exists, and agents can't be changed. Delete it first, or choose another"
            " name.",
            field="name",
            remedy=Remedy(action=Action.DELETE_AGENT, target=agent.name),
        )


async def delete(session: AsyncSession, owner_id: UserId, name: str) -> None:
    """Delete one of the user's own agents. Raises NotFound, and Conflict for a built-in one."""
    if name in BUILT_IN_BY_NAME:
        raise Conflict(
            f"Agent {name!r} is built in and can't be deleted. You can create your own agent instead.",
            remedy=Remedy(action=Action.CREATE_AGENT),
        )
    statement = delete_from(Agent).where(Agent.owner_id == owner_id, Agent.name == name).returning(Agent.id)
    if await session.scalar(statement) is None:
        raise NotFound("agent", name)


def view_of(agent: AgentSpec) -> AgentView:
    return AgentView(built_in=BUILT_IN_BY_NAME.get(agent.name) is agent, **agent.model_dump())
