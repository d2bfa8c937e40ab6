"""Routes for agents: built-in agents, each user's custom agents, and those that others share with them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from pydantic import BeforeValidator
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import API, ClosedRoute, Parts, WithCaller, WithParts
from api.etags import ChecksTag, ShowsTag
from api.idempotency import WithKey
from api.paging import MAX_PAGE, Cursor, Limit, not_a_number, slice_of
from chimera.ledger import agents as activity
from chimera.store import agent_versions, agents, user_limits
from chimera.store.agents_of_others import StoredAgent
from chimera.store.user_limits import AGENTS_LIMIT
from models.agent_activity import METRICS_DAYS, AgentMetricsView, AgentStatusView
from models.agent_versions import MAX_NUMBER, AgentVersionView, Rollback, VersionDiff, VersionPage
from models.agents import BUILT_IN, AgentPage, AgentSpec, AgentView
from models.base import AGENT, Contract
from models.errors import ChimeraError
from models.providers import ModelsView
from models.shares import Right, Shared
from models.users import Caller

router = APIRouter(prefix="/agents", tags=["agents"], route_class=ClosedRoute)

Moment = Annotated[datetime, BeforeValidator(not_a_number)]
AgentInPath = Annotated[str, Path(pattern=AGENT, description="Name of the agent, for example `poet`, or its ID")]
VersionInPath = Annotated[int, Path(ge=1, le=MAX_NUMBER, description="Number of the version")]


BUILT_IN_PLACES = {agent.name: place for place, agent in enumerate(BUILT_IN)}


class AgentType(Contract):
    """An agent role. `agent` is the built-in agent with this role."""

    role: str
    agent: str | None
    description: str


@router.get("", operation_id="list_agents")
async def list_agents(
    caller: WithCaller,
    parts: WithParts,
    shared: Annotated[
        Shared | None,
        Query(
            description="Return only agents that others share with you (`shared`), or also those (`all`). Default: the"
            " built-in agents and your own."
        ),
    ] = None,
    limit: Limit = MAX_PAGE,
    cursor: Cursor = None,
) -> AgentPage:
    """List the built-in agents and then your own by name, including inactive ones."""
    found: list[AgentView] = []
    async with parts.database.begin() as session:
        if shared != "shared":
            found += (await agents.agents_of(session, caller.user_id)).values()
        if shared in ("shared", "all"):
            found += await agents.shared_with_caller(session, caller)
    of = f"agents {caller.user_id} {shared}"
    items, following = slice_of(parts.cursors, found, _place_of, of=of, cursor=cursor, limit=limit)
    return AgentPage(items=items, next_cursor=following)


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


@router.get("/{agent}", operation_id="get_agent")
async def get_agent(agent: AgentInPath, caller: WithCaller, parts: WithParts, tagged: ShowsTag) -> AgentView:
    """Show a built-in agent, one of your own, or one that is shared with you, including its prompt."""
    async with parts.database.begin() as session:
        view = await agents.one(session, caller, agent)
    tagged.show(view)
    return view


@router.post("", operation_id="create_agent", status_code=status.HTTP_201_CREATED)
async def create_agent(agent: AgentSpec, caller: WithCaller, parts: WithParts, keyed: WithKey) -> AgentView:
    """Create a custom agent."""
    await parts.checks.agent(agent)
    async with parts.database.begin() as session:
        await parts.checks.tools(session, caller.user_id, agent)
        view = await agents.create(session, caller.user_id, agent)
        await user_limits.check_added(session, caller.user_id, AGENTS_LIMIT, parts.settings)
        await keyed.made(session, view, status.HTTP_201_CREATED, location=f"{API}/agents/{agent.name}")
    return view


@router.put("/{agent}", operation_id="change_agent")
async def change_agent(
    agent: AgentInPath, spec: AgentSpec, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> AgentView:
    """Change one of your agents, or one that you may edit. This makes a new version for new tasks; tasks that have
    been accepted keep theirs.

    If nothing changes, there is no new version. The name can't be changed. Only the owner can add tools of the owner's
    MCP servers.
    """
    await parts.checks.agent(spec)
    async with parts.database.begin() as session:
        found = await agents.locked(session, caller, agent, Right.EDIT)
        await _check_change(parts, session, caller, found, spec)
        tagged.check(agents.view_of(found))
        view = await agents.change(session, found, spec)
    tagged.show(view)
    return view


@router.delete("/{agent}", operation_id="delete_agent", status_code=status.HTTP_204_NO_CONTENT)
async def delete_agent(agent: AgentInPath, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> None:
    """Delete one of your agents. Subtasks that use it and haven't started yet will fail with `unknown_agent`."""
    async with parts.database.begin() as session:
        found = await agents.locked(session, caller, agent, None, to_be="deleted")
        tagged.check(agents.view_of(found))
        await agents.delete(session, found)


@router.get("/{agent}/versions", operation_id="list_agent_versions")
async def list_agent_versions(
    agent: AgentInPath, caller: WithCaller, parts: WithParts, limit: Limit = MAX_PAGE, cursor: Cursor = None
) -> VersionPage:
    """List the versions of an agent that is yours or shared with you, newest first, each with the changed fields."""
    async with parts.database.begin() as session:
        found = await _versioned(session, caller, agent)
        of = f"versions {caller.user_id} {found.row.id}"
        below = int(parts.cursors.open_text(cursor, of)) if cursor else None
        items = await agent_versions.versions_of(session, found, below=below, limit=limit)
    last = items[-1].version
    return VersionPage(items=items, next_cursor=parts.cursors.seal_text(str(last), of) if last > 1 else None)


@router.get("/{agent}/versions/{version}", operation_id="get_agent_version")
async def get_agent_version(
    agent: AgentInPath, version: VersionInPath, caller: WithCaller, parts: WithParts
) -> AgentVersionView:
    """Show a version of an agent that is yours or shared with you."""
    async with parts.database.begin() as session:
        found = await _versioned(session, caller, agent)
        return await agent_versions.version_of(session, found, version)


@router.get("/{agent}/diff", operation_id="diff_agent_versions")
async def diff_agent_versions(
    agent: AgentInPath,
    caller: WithCaller,
    parts: WithParts,
    older: Annotated[int, Query(alias="from", ge=1, le=MAX_NUMBER, description="Number of the first version")],
    newer: Annotated[int, Query(alias="to", ge=1, le=MAX_NUMBER, description="Number of the second version")],
) -> VersionDiff:
    """Compare two versions of an agent that is yours or shared with you, field by field. The prompts are compared line
    by line.
    """
    async with parts.database.begin() as session:
        found = await _versioned(session, caller, agent)
        before = await agent_versions.version_of(session, found, older, "from")
        after = await agent_versions.version_of(session, found, newer, "to")
    return await asyncio.to_thread(agent_versions.diff_of, before, after)


@router.post("/{agent}/rollback", operation_id="rollback_agent")
async def rollback_agent(
    agent: AgentInPath, rollback: Rollback, caller: WithCaller, parts: WithParts, tagged: ChecksTag, keyed: WithKey
) -> AgentView:
    """Roll an agent back that is yours or that you may edit: make a new version with the fields of an old one."""
    async with parts.database.begin() as session:
        found = await agents.found(session, caller, agent, Right.EDIT)
        agents.check_editor(caller, found)
        old = await agent_versions.version_of(session, found, rollback.version, "version")
    with _of_field("version"):
        # Its model may no longer be available. Versions don't change, so this needs no lock.
        await parts.checks.agent(old.agent)
    async with parts.database.begin() as session:
        current = await agents.locked(session, caller, found.row.id, Right.EDIT)
        with _of_field("version"):
            await _check_change(parts, session, caller, current, old.agent)
        tagged.check(agents.view_of(current))
        view = await agents.change(session, current, old.agent)
        tagged.show(view)
        await keyed.made(session, view, status.HTTP_200_OK)
    return view


@router.get("/{agent}/status", operation_id="get_agent_status")
async def get_agent_status(agent: AgentInPath, caller: WithCaller, parts: WithParts) -> AgentStatusView:
    """Show what an agent is doing in your tasks: its model calls in flight, and the number of tasks waiting for it."""
    async with parts.database.begin() as session:
        found = await agents.one(session, caller, agent)
        return await activity.status_of(session, caller.user_id, found)


@router.get("/{agent}/metrics", operation_id="get_agent_metrics")
async def get_agent_metrics(
    agent: AgentInPath,
    caller: WithCaller,
    parts: WithParts,
    since: Annotated[
        Moment | None,
        Query(description=f"Count only tasks created since this time. Default: {METRICS_DAYS} days ago."),
    ] = None,
) -> AgentMetricsView:
    """Show an agent's model calls, failures, latency, tokens and cost in your tasks, by version."""
    begins = since or datetime.now(UTC) - timedelta(days=METRICS_DAYS)
    begins = begins if begins.tzinfo else begins.replace(tzinfo=UTC)
    async with parts.database.begin() as session:
        found = await agents.one(session, caller, agent)
        return await activity.metrics_of(session, caller.user_id, found, begins)


@router.post("/{agent}/activate", operation_id="activate_agent")
async def activate_agent(agent: AgentInPath, caller: WithCaller, parts: WithParts) -> AgentView:
    """Activate an agent that is yours or that you may edit, so that it takes new work again."""
    return await _set_active(agent, caller, parts, active=True)


@router.post("/{agent}/deactivate", operation_id="deactivate_agent")
async def deactivate_agent(agent: AgentInPath, caller: WithCaller, parts: WithParts) -> AgentView:
    """Deactivate an agent that is yours or that you may edit: it takes no new work. Subtasks that are already planned
    with it finish.
    """
    return await _set_active(agent, caller, parts, active=False)


def _place_of(agent: AgentView) -> list[int | str]:
    return [0, BUILT_IN_PLACES[agent.name]] if agent.built_in else [1, agent.name, agent.id or ""]


async def _versioned(session: AsyncSession, caller: Caller, ref: str) -> StoredAgent:
    return await agents.found(session, caller, ref, Right.VIEW, to_be="changed, so it has no versions")


async def _check_change(
    parts: Parts, session: AsyncSession, caller: Caller, agent: StoredAgent, spec: AgentSpec
) -> None:
    """Raise unless the caller may change an agent to this."""
    agents.check_editor(caller, agent)
    if agent.row.owner_id == caller.user_id:
        await parts.checks.tools(session, caller.user_id, spec)
    else:
        await parts.checks.tools(session, None, spec, kept=agent.spec.tools)


@contextmanager
def _of_field(field: str) -> Iterator[None]:
    """Name the request's field in errors."""
    try:
        yield
    except ChimeraError as error:
        error.field = field
        raise


async def _set_active(ref: str, caller: Caller, parts: Parts, *, active: bool) -> AgentView:
    async with parts.database.begin() as session:
        to_be = "activated" if active else "deactivated"
        agent = await agents.locked(session, caller, ref, Right.EDIT, to_be=to_be)
        return await agents.set_active(session, agent, active=active)
