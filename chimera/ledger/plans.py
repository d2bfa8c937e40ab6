"""The agents that a plan may name, and the number of subtasks that its task has room for."""

from collections.abc import Mapping
from dataclasses import dataclass

from chimera.db.engine import Connection, one
from chimera.ledger.run_contents import CONTENT
from models.agents import NOT_OFFERED, AgentSpec, with_built_in
from models.ids import NodePath, RunId
from models.plans import MAX_NODES


@dataclass(frozen=True, slots=True)
class PlanRoom:
    """The agents and limits that a node's plan is checked against."""

    agents: Mapping[str, AgentSpec]
    nodes_left: int
    """How many subtasks the plan may have. One is reserved for each other subtask that is still to be split."""
    subtasks_total: int
    """How many subtasks the task had when this was read. As long as that stays the same, the room doesn't shrink."""


_ROOM = f"""
SELECT r.subtasks_total, s.planned, s.promised,
       (SELECT jsonb_agg(v.spec ORDER BY a.name) FROM agents a, LATERAL (
            SELECT spec FROM agent_versions v WHERE v.agent_id = a.id AND v.revision <= t.agents_revision
            ORDER BY v.version DESC LIMIT 1) v
        WHERE a.owner_id = r.owner_id AND a.active) AS own,
       (SELECT jsonb_object_agg(pin.key, v.spec)
        FROM jsonb_each(t.shared_agents) pin
        JOIN agents a ON a.id = CAST(pin.value ->> 'id' AS uuid) AND a.active
        JOIN agent_versions v ON v.agent_id = a.id AND v.version = CAST(pin.value ->> 'version' AS int)) AS shared
FROM runs r JOIN {CONTENT} ON true, LATERAL (
    SELECT count(*) AS planned,
           count(*) FILTER (WHERE s.decompose AND s.path <> %(path)s
               AND s.status NOT IN ('completed', 'skipped', 'cancelled')
               AND NOT EXISTS (SELECT 1 FROM subtasks c WHERE c.run_id = s.run_id AND c.parent = s.path)) AS promised
    FROM subtasks s WHERE s.run_id = r.id) s
WHERE r.id = %(run_id)s
"""  # noqa: S608  # only constants go in


async def room_for(connection: Connection, run_id: RunId, path: NodePath) -> PlanRoom:
    """Read the agents and limits for a plan of the node at `path`.

    The agents are in the versions that the task began with. Inactive agents take no new work, so they aren't included.
    Agents of others are included only if the task's owner has named them.
    """
    row = await one(await connection.execute(_ROOM, {"run_id": run_id, "path": path}))
    left = max(0, MAX_NODES - int(row.planned) - int(row.promised))
    shared = {name: AgentSpec.model_validate(spec) for name, spec in (row.shared or {}).items()}
    # In this task, an agent of another user may have its ID as its name.
    named = {name: agent.model_copy(update={"name": name}) for name, agent in shared.items()}
    known = with_built_in(row.own or ()) | named
    offered = {name: agent for name, agent in known.items() if name not in NOT_OFFERED}
    return PlanRoom(offered, left, int(row.subtasks_total))
