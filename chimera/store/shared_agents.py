"""Agents of others in runs: each run pins the ones that its owner has named, so that it keeps their versions.

A run knows its agents by name. For an agent of another user, the run stores what the name means: the agent's ID and
version. Without such a pin, a name only means a built-in agent or one of the owner's own. Agents that the owner hasn't
named never work in a run: otherwise, any member of a group could bring a prompt into the runs of all others.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Agent
from chimera.store import agents
from models.agents import BUILT_IN_BY_NAME
from models.errors import InactiveAgent, UnknownAgent
from models.ids import UserId
from models.plans import PlannedSubtask

Pins = Mapping[str, Mapping[str, str | int]]
"""The ID and the version of each agent of another user, by its name in the run."""


class Pinned(NamedTuple):
    """What a run stores of the agents that its owner has named."""

    names: Mapping[str, str]
    """The names in the run of agents that were named by ID: their own or, if that means another agent, the ID."""
    pins: Pins | None

    def name_of(self, ref: str) -> str:
        return self.names.get(ref, ref)

    def plan_of(self, plan: Sequence[PlannedSubtask]) -> tuple[PlannedSubtask, ...]:
        """Return a plan with the names that the run uses."""
        return with_refs(plan, self.names)


def with_refs(plan: Sequence[PlannedSubtask], refs: Mapping[str, str]) -> tuple[PlannedSubtask, ...]:
    """Return a plan that names its agents as `refs` says. Agents that aren't in it keep their names."""
    if not refs:
        return tuple(plan)
    return tuple(each.model_copy(update={"agent": refs.get(each.agent, each.agent)}) for each in plan)


async def pinned(session: AsyncSession, owner_id: UserId, refs: Collection[str]) -> Pinned:
    """Pin the newest versions of the agents of others among `refs`, which are names or, for agents of others, IDs.

    An ID that the user may not use isn't pinned. A run that needs it fails with `unknown_agent`.
    """
    ids = sorted({ref for ref in refs if agents.is_id(ref)})
    if not ids:
        return Pinned({}, None)
    usable = await agents.usable_by(session, owner_id, ids)
    same = Agent.name.in_({*ids, *(agent.name for agent in usable.values())})
    own = set(await session.scalars(select(Agent.name).where(Agent.owner_id == owner_id, same)))
    others = [agent for agent in usable.values() if agent.owner_id != owner_id and agent.id not in own]
    taken = Counter([*own, *set(refs), *(agent.name for agent in others)])
    names = {agent.id: agent.name if taken[agent.name] == 1 else agent.id for agent in others}
    return Pinned(names, {names[agent.id]: _pin(agent) for agent in others} or None)


async def renewed(session: AsyncSession, owner_id: UserId, pins: Pins | None, *, strict: bool) -> Pins | None:
    """Pin the newest versions of the same agents.

    If `strict`, raises UnknownAgent for one that the user may no longer use, and InactiveAgent; otherwise, it keeps its
    version.
    """
    if not pins:
        return pins
    usable = await agents.usable_by(session, owner_id, [str(pin["id"]) for pin in pins.values()])
    found = {name: usable.get(str(pin["id"])) for name, pin in pins.items()}
    for name, agent in found.items() if strict else ():
        if agent is None:
            raise UnknownAgent(name, sorted(BUILT_IN_BY_NAME))
        if not agent.active:
            raise InactiveAgent(name)
    return {name: _pin(agent) if (agent := found[name]) else pin for name, pin in pins.items()}


def _pin(agent: Agent) -> dict[str, str | int]:
    return {"id": agent.id, "version": agent.version}
