"""What a user's completed tasks needed that are similar to a new one: calls, tokens, cost and time.

The query reads a bounded number of rows: at most `NEWEST` runs with their tasks and first plans, and the subtasks of so
many of them that these are at most `MOST_SUBTASKS`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from models.estimates import Spread
from models.ids import UserId

NEWEST = 300
MOST_SUBTASKS = 1000


class Needed(NamedTuple):
    """What similar tasks needed. The spreads are None if there were no such tasks."""

    samples: int
    model_calls: Spread | None
    tokens: Spread | None
    cost_micro_usd: Spread | None
    duration_ms: Spread | None
    simulated: bool


def _spread(value: str) -> str:
    return f"percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {value})"


_SIMILAR = f"""
WITH newest AS MATERIALIZED (
    SELECT id, created_at, deleted_at, simulated, subtasks_total, model_calls, input_tokens + output_tokens AS tokens,
           spent_micro_usd + in_doubt_micro_usd AS cost,
           GREATEST((extract(epoch FROM ended_at - started_at) * 1000)::bigint - waited_ms, 0) AS duration_ms
    FROM runs
    WHERE owner_id = %(owner_id)s::uuid AND kind = 'task' AND status = 'completed'
    ORDER BY created_at DESC LIMIT {NEWEST}),
 alike AS MATERIALIZED (
    SELECT newest.*, sum(subtasks_total) OVER (ORDER BY created_at DESC, id) AS subtasks_so_far
    FROM newest JOIN tasks ON tasks.run_id = newest.id
    WHERE deleted_at IS NULL AND tasks.model = %(model)s
      AND (%(agents)s::text[] IS NULL OR subtasks_total >= cardinality(%(agents)s::text[]))
      AND (%(agents)s::text[] IS NULL) = EXISTS (
          SELECT FROM calls WHERE run_id = newest.id AND path = '' AND purpose = 'plan')),
 similar_ones AS (
    SELECT * FROM alike
    WHERE %(agents)s::text[] IS NULL
       OR subtasks_so_far <= {MOST_SUBTASKS} AND %(agents)s::text[] = (
          SELECT array_agg(agent ORDER BY agent COLLATE "C") FROM subtasks WHERE run_id = alike.id AND parent = ''))
SELECT count(*) AS samples, COALESCE(bool_or(simulated), false) AS simulated,
       {_spread("model_calls")} AS model_calls, {_spread("tokens")} AS tokens,
       {_spread("cost")} AS cost_micro_usd, {_spread("duration_ms")} AS duration_ms
FROM similar_ones
"""  # noqa: S608  # only constants go in


async def similar(session: AsyncSession, owner_id: UserId, *, model: str, agents: Sequence[str] | None) -> Needed:
    """Return what the owner's newest completed tasks with this model needed.

    `agents` are those of the plan's subtasks, by their names in the run; None: tasks that a model planned.
    """
    # Sorted as in the query: by code point.
    names = None if agents is None else sorted(agents)
    values = {"owner_id": owner_id, "model": model, "agents": names}
    row = (await sql.execute(session, _SIMILAR, values)).one()
    return Needed(
        samples=row.samples,
        model_calls=_spread_of(row.model_calls),
        tokens=_spread_of(row.tokens),
        cost_micro_usd=_spread_of(row.cost_micro_usd),
        duration_ms=_spread_of(row.duration_ms),
        simulated=row.simulated,
    )


def _spread_of(values: Sequence[Any] | None) -> Spread | None:
    return None if values is None else Spread(p50=int(values[0]), p90=int(values[1]))
