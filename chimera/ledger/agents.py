"""The activity of agents according to the ledger: calls in flight, and totals by version."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import one_line, words
from chimera.ledger.statements import USED
from models.agent_activity import MAX_CALLS, AgentCall, AgentMetricsView, AgentStatusView, AgentWait, VersionMetrics
from models.agents import AgentView
from models.approvals import ApprovalId, ApprovalKind
from models.ids import NodePath, TaskId, UserId
from models.model_calls import Purpose
from models.runs import OPEN
from models.usage import Usage

# The index runs_owner_status finds the owner's open tasks; the primary keys find their calls, attempts and subtasks.
_OPEN_TASKS = "r.owner_id = %(owner_id)s AND r.kind = 'task' AND r.status = ANY(%(open)s)"

_IN_FLIGHT = f"""
SELECT c.run_id, c.path, c.purpose, c.step, a.started_at
FROM runs r
JOIN calls c ON c.run_id = r.id AND c.status = 'started'
JOIN call_attempts a ON a.run_id = c.run_id AND a.path = c.path AND a.purpose = c.purpose AND a.step = c.step
     AND a.attempt = c.attempt AND a.agent = %(agent)s
WHERE {_OPEN_TASKS}
ORDER BY a.started_at LIMIT %(limit)s
"""  # noqa: S608  # only constants go in, here and below

_WAITING = f"""
SELECT count(*) FROM runs r
WHERE {_OPEN_TASKS} AND EXISTS (
    SELECT 1 FROM subtasks s WHERE s.run_id = r.id AND s.agent = %(agent)s AND s.status = 'pending')
"""  # noqa: S608

_WAITS_FOR = f"""
SELECT p.id, p.kind, p.run_id, p.path, p.tool, p.created_at,
       ARRAY(SELECT u.email FROM users u
             WHERE u.id = ANY(p.approvers) OR p.approvers = '{{}}' AND u.id = r.owner_id
               AND jsonb_array_length(p.terms -> 'approvers') = 0
             ORDER BY u.email) AS approvers
FROM runs r JOIN approvals p ON p.run_id = r.id AND p.status = 'pending' AND p.agent = %(agent)s
WHERE {_OPEN_TASKS}
ORDER BY p.created_at, p.id LIMIT %(limit)s
"""  # noqa: S608

# The index runs_owner_created finds the tasks; the primary key of call_attempts finds the attempts of each. The ledger
# names agents, so attempts of a deleted agent with the same name are told apart by their time.
METRICS = one_line(f"""
WITH own AS (
    SELECT a.* FROM runs r JOIN call_attempts a ON a.run_id = r.id
    WHERE r.owner_id = %(owner_id)s AND r.kind = 'task' AND r.created_at >= %(since)s AND a.agent = %(agent)s
      AND a.started_at >= COALESCE((SELECT created_at FROM agents WHERE id = %(agent_id)s::uuid), '-infinity')),
 failed AS (
    SELECT agent_version, jsonb_object_agg(code, times) AS failures FROM (
        SELECT agent_version, COALESCE(error_code, status) AS code, count(*) AS times FROM own
        WHERE status NOT IN ('started', 'finished', 'cancelled') GROUP BY 1, 2) f GROUP BY 1)
SELECT own.agent_version AS version, count(*) AS attempts,
       count(DISTINCT (own.run_id, own.path, own.purpose, own.step)) AS calls, f.failures,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
           ORDER BY CAST(EXTRACT(epoch FROM own.ended_at - own.started_at) AS float8))
           FILTER (WHERE own.status = 'finished') AS latencies_s,
       {", ".join(f"sum(own.{column}) AS {column}" for column in USED)}, sum(own.cost_micro_usd) AS cost_micro_usd
FROM own LEFT JOIN failed f ON f.agent_version IS NOT DISTINCT FROM own.agent_version
GROUP BY own.agent_version, f.failures ORDER BY own.agent_version DESC
""")  # noqa: S608


_BUSY = f"""
SELECT a.agent, count(*) AS calls
FROM runs r
JOIN calls c ON c.run_id = r.id AND c.status = 'started'
JOIN call_attempts a ON a.run_id = c.run_id AND a.path = c.path AND a.purpose = c.purpose AND a.step = c.step
     AND a.attempt = c.attempt
WHERE {_OPEN_TASKS} GROUP BY 1
"""  # noqa: S608


_OF_OTHERS = (
    r"\1.agent IN (%(agent)s, %(agent_id)s::text) AND EXISTS (SELECT 1 FROM tasks k"
    r" WHERE k.run_id = r.id AND k.shared_agents -> \1.agent ->> 'id' = %(agent_id)s::text)"
)


async def busy(session: AsyncSession, owner_id: UserId) -> dict[str, int]:
    """Return how many calls are in flight in the user's tasks, by the name of the agent."""
    rows = await sql.execute(session, _BUSY, {"owner_id": owner_id, "open": words(OPEN)})
    return {row.agent: row.calls for row in rows}


async def status_of(session: AsyncSession, owner_id: UserId, agent: AgentView) -> AgentStatusView:
    """Return an agent's calls in flight in the user's tasks, and how many tasks wait for it."""
    values = {**_named(agent), "owner_id": owner_id, "open": words(OPEN), "limit": MAX_CALLS}
    rows = (await sql.execute(session, _about(_IN_FLIGHT, owner_id, agent), values)).all()
    calls = tuple(
        AgentCall(
            task_id=TaskId(str(row.run_id)),
            path=NodePath(row.path),
            purpose=Purpose(row.purpose),
            step=row.step,
            since=row.started_at,
        )
        for row in rows
    )
    waiting = (await sql.execute(session, _about(_WAITING, owner_id, agent), values)).scalar_one()
    waits = (await sql.execute(session, _about(_WAITS_FOR, owner_id, agent), values)).all()
    return AgentStatusView(
        status="busy" if calls else "idle", calls=calls, tasks_waiting=waiting, waits_for=tuple(map(_wait_in, waits))
    )


async def metrics_of(session: AsyncSession, owner_id: UserId, agent: AgentView, since: datetime) -> AgentMetricsView:
    """Return an agent's metrics in the tasks that the user has created since a time."""
    values = {**_named(agent), "owner_id": owner_id, "since": since}
    rows = (await sql.execute(session, _about(METRICS, owner_id, agent), values)).all()
    return AgentMetricsView(since=since, versions=tuple(map(_metrics_in, rows)))


def _named(agent: AgentView) -> dict[str, str | None]:
    return {"agent": agent.name, "agent_id": agent.id}


def _about(statement: str, owner_id: UserId, agent: AgentView) -> str:
    """Return a statement about one of the user's agents for an agent of another user, which the tasks have pinned."""
    if agent.owner_id in (None, owner_id):
        return statement
    return re.sub(r"(\w+)\.agent = %\(agent\)s", _OF_OTHERS, statement)


def _wait_in(row: Any) -> AgentWait:
    return AgentWait(
        approval_id=ApprovalId(str(row.id)),
        kind=ApprovalKind(row.kind),
        task_id=TaskId(str(row.run_id)),
        path=NodePath(row.path),
        tool=row.tool,
        approvers=tuple(row.approvers),
        since=row.created_at,
    )


def _metrics_in(row: Any) -> VersionMetrics:
    p50, p95 = (round(seconds * 1000) for seconds in row.latencies_s) if row.latencies_s else (None, None)
    return VersionMetrics(
        version=row.version,
        calls=row.calls,
        attempts=row.attempts,
        failures=row.failures or {},
        latency_p50_ms=p50,
        latency_p95_ms=p95,
        usage=Usage(**{column: int(getattr(row, column)) for column in USED}),
        cost_micro_usd=int(row.cost_micro_usd),
    )
