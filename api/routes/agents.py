"""Routes for agents: built-in agents and each user's custom agents."""

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from api.deps import API, ClosedRoute, WithCaller, WithParts
from chimera.store import agents, user_limits
from chimera.store.user_limits import AGENTS_LIMIT
from models.agents import BUILT_IN, AgentSpec, AgentView
from models.base import AGENT_NAME, Contract
from models.errors import NotFound
from models.providers import ModelsView

router = APIRouter(prefix="/agents", tags=["agents"], route_class=ClosedRoute)

AgentNameInPath = Annotated[str, Path(pattern=AGENT_NAME, description="Name of the agent, for example `poet`")]


class AgentType(Contract):
    """An agent role. `agent` is the built-in agent with this role."""

    role: str
    agent: str | None
    description: str


@router.get("", operation_id="list_agents")
async def list_agents(caller: WithCaller, parts: WithParts) -> tuple[AgentView, ...]:
    """List all agents that your tasks can use."""
    async with parts.database.begin() as session:
        found = await agents.agents_of(session, caller.user_id)
    return tuple(agents.view_of(agent) for agent in found.values())


@router.get("/types/available", operation_id="list_agent_types")
async def list_agent_types() -> tuple[AgentType, ...]:
    """List the agent roles and the built-in agent for each role. The role `custom` has none."""
    built_in = tuple(AgentType(role=agent.role, agent=agent.name, description=agent.description) for agent in BUILT_IN)
    return (*built_in, AgentType(role="custom", agent=None, description="Follow the prompt."))


@router.get("/models/available", operation_id="list_models")
async def list_models(parts: WithParts) -> ModelsView:
    """List the models that agents can currently use.

    The list of each configured provider's models is cached for 5 minutes.
    """
    return await parts.available.models()


@router.get("/{name}", operation_id="get_agent")
async def get_agent(name: AgentNameInPath, caller: WithCaller, parts: WithParts) -> AgentView:
    """Show a built-in agent or one of your own, including its prompt."""
    async with parts.database.begin() as session:
        found = await agents.agents_of(session, caller.user_id)
    if name not in found:
        raise NotFound("agent", name)
    return agents.view_of(found[name])


@router.post("", operation_id="create_agent", status_code=status.HTTP_201_CREATED)
async def create_agent(agent: AgentSpec, caller: WithCaller, parts: WithParts, response: Response) -> AgentView:
    """Create a custom agent."""
    await parts.checks.agent(agent)
    async with parts.database.begin() as session:
        await agents.create(session, caller.user_id, agent)
        await user_limits.check_added(session, caller.user_id, AGENTS_LIMIT, parts.settings)
    response.headers["Location"] = f"{API}/agents/{agent.name}"
    return agents.view_of(agent)


@router.delete("/{name}", operation_id="delete_agent", status_code=status.HTTP_204_NO_CONTENT)
async def delete_agent(name: AgentNameInPath, caller: WithCaller, parts: WithParts) -> None:
    """Delete one of your agents. Subtasks that use it and haven't started yet will fail with `unknown_agent`."""
    async with parts.database.begin() as session:
        await agents.delete(session, caller.user_id, name)
