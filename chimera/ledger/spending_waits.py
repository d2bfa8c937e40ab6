"""Runs that wait for a spending limit: they continue when its period ends, when it is raised, or when money comes back.

The workers look every two seconds, so nothing has to be told about a new day or a new limit.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chimera.bus import Bus
from chimera.db.engine import Connection, Database
from chimera.ledger.outbox import Signal
from chimera.ledger.spending import TOTAL, SpendingRules, used_of
from chimera.ledger.statements import as_json, insert_event
from models.events import RunResumed
from models.ids import RunId, UserId
from models.limits import SpendingLimit
from models.workflows import TaskSignal

AT_ONCE = 100
"""The most runs of one user that continue in one round."""

_NOTE = """
INSERT INTO spending_waits (run_id, needed_micro_usd) VALUES (%(run_id)s, %(needed)s)
ON CONFLICT (run_id) DO UPDATE
SET needed_micro_usd = LEAST(spending_waits.needed_micro_usd, excluded.needed_micro_usd)
"""


async def note(connection: Connection, run_id: RunId, needed_micro_usd: int) -> None:
    """Record that a run waits until a call with this worst case fits into the spending limits."""
    await connection.execute(_NOTE, {"run_id": run_id, "needed": needed_micro_usd})


# A paused run is left alone: when it is resumed, it requests its call again.
_FORGET = """
DELETE FROM spending_waits w USING runs r
WHERE r.id = w.run_id AND NOT (r.needs_budget AND r.status IN ('waiting', 'paused'))
"""
_OWNERS = """
SELECT r.owner_id, u.max_cost_day_micro_usd AS day, u.max_cost_month_micro_usd AS month,
       min(w.needed_micro_usd) AS least
FROM spending_waits w JOIN runs r ON r.id = w.run_id JOIN users u ON u.id = r.owner_id
WHERE r.status = 'waiting' AND u.disabled_at IS NULL GROUP BY r.owner_id, u.id ORDER BY min(w.since), r.owner_id
"""
# Runs that don't fit aren't among the first ones: they could keep smaller ones waiting forever.
_RUNS = """
SELECT w.run_id, w.needed_micro_usd AS needed FROM spending_waits w JOIN runs r ON r.id = w.run_id
WHERE r.owner_id = %(owner_id)s AND r.status = 'waiting'
  AND (%(left)s::bigint IS NULL OR w.needed_micro_usd <= %(left)s::bigint)
ORDER BY w.since, w.run_id LIMIT %(limit)s
"""
_WAKE = f"""
WITH run AS MATERIALIZED (
    SELECT id FROM runs WHERE id = %(run_id)s AND status = 'waiting' AND needs_budget FOR NO KEY UPDATE),
 gone AS (DELETE FROM spending_waits w USING run WHERE w.run_id = run.id),
 account AS (
    UPDATE runs SET needs_budget = false, event_seq = runs.event_seq + 1, updated_at = now(),
           status = CASE WHEN approvals_pending > 0 THEN 'waiting' WHEN started_at IS NULL THEN 'queued'
                         ELSE 'running' END
    FROM run WHERE runs.id = run.id RETURNING runs.id, runs.event_seq),
 signal AS (
    INSERT INTO outbox (run_id, kind, payload, next_attempt_at)
    SELECT id, 'signal', %(signal)s::jsonb, now() FROM account)
{insert_event("account")} RETURNING seq
"""  # noqa: S608  # only constants go in
_VALUES = {
    "event": RunResumed().model_dump_json(),
    "signal": as_json(Signal(TaskSignal.BUDGET_RAISED)),
}


async def wake(database: Database, bus: Bus, rules: SpendingRules) -> None:
    """Let runs continue whose next call now fits into all limits, those that have waited longest first."""
    async with database.statements() as connection:
        await connection.execute(_FORGET)
        owners = await (await connection.execute(_OWNERS)).fetchall()
        if not owners:
            return
        # Read once: it is a sum over all open runs. What is woken in this round isn't reserved yet.
        of_all = await _left_of(connection, None, rules, {each: rules.limits[each] for each in TOTAL})
        for owner in owners:
            if not _fits(owner.least, of_all):
                continue
            owner_id = UserId(str(owner.owner_id))
            own = {limit: most for limit, most in rules.for_user(owner.day, owner.month).items() if limit not in TOTAL}
            left = await _left_of(connection, owner_id, rules, own) | of_all
            for run_id in await _fitting(connection, owner_id, left):
                cursor = await connection.execute(_WAKE, {"run_id": run_id, **_VALUES})
                row: Any = await cursor.fetchone()
                if row is not None:
                    bus.wake(run_id, row.seq)
            of_all = {limit: left[limit] for limit in of_all}


async def _left_of(
    connection: Connection, owner_id: UserId | None, rules: SpendingRules, limits: Mapping[SpendingLimit, int | None]
) -> dict[SpendingLimit, int]:
    """Return what is left of each limit that is set."""
    in_force = {limit: most for limit, most in limits.items() if most is not None}
    used = await used_of(connection, owner_id, in_force, rules.time_zone)
    return {limit: most - used[limit].total for limit, most in in_force.items()}


def _fits(needed: int, left: Mapping[SpendingLimit, int]) -> bool:
    return all(needed <= most for most in left.values())


async def _fitting(connection: Connection, owner_id: UserId, left: dict[SpendingLimit, int]) -> Iterable[RunId]:
    """Return the runs of a user that fit together into what is left, and take their needs from it."""
    fitting: list[RunId] = []
    values = {"owner_id": owner_id, "left": min(left.values(), default=None), "limit": AT_ONCE}
    for row in await (await connection.execute(_RUNS, values)).fetchall():
        if _fits(row.needed, left):
            fitting.append(RunId(str(row.run_id)))
            for limit in left:
                left[limit] -= row.needed
    return fitting
