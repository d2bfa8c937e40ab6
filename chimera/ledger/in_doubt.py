"""In-doubt attempts at calls: given up with an unknown outcome. Some report their outcome later.

The reservation of such an attempt becomes in-doubt cost, which counts against the budget. Its call is marked as failed,
so `settle` rejects its answer. A late answer is still used if no other attempt is in progress or has answered, and the
node is still open (`reinstate`). Otherwise, only its cost is booked (`book_late`). A late failure also releases the
in-doubt cost (`fail_late`).
"""

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, scalar, words
from chimera.ledger import failures, settlements
from chimera.ledger.calls import Intent, lock_run
from chimera.ledger.failures import FAIL_ATTEMPT, Failure
from chimera.ledger.outbox import Signal
from chimera.ledger.settlements import Settlement
from chimera.ledger.statements import BELOW, add_used, as_json, at_attempt, at_place, place_of, set_used
from models.events import RunResumed
from models.ids import NodePath, RunId
from models.model_calls import ModelCallOutcome, ModelCallRequest
from models.runs import OPEN
from models.subtasks import OPEN_SUBTASKS
from models.workflows import TaskSignal

_OPEN = words(OPEN)
_OPEN_SUBTASKS = words(OPEN_SUBTASKS)


def _giving_up(which: str) -> str:
    return f"""
WITH old AS (
    UPDATE call_attempts SET status = 'in_doubt', ended_at = clock_timestamp(), error_code = 'in_doubt',
           estimated = true
    WHERE run_id = %(run_id)s AND {which} AND status = 'started'
    RETURNING reserved_micro_usd, reserved_tokens),
 calls AS (UPDATE calls SET status = 'failed' WHERE run_id = %(run_id)s AND {which} AND status = 'started'),
 sums AS (SELECT sum(reserved_micro_usd) AS money, sum(reserved_tokens) AS tokens FROM old HAVING count(*) > 0)
UPDATE runs SET in_doubt_micro_usd = in_doubt_micro_usd + sums.money,
       reserved_micro_usd = GREATEST(0, reserved_micro_usd - sums.money),
       reserved_tokens = GREATEST(0, reserved_tokens - sums.tokens)
FROM sums WHERE id = %(run_id)s
"""  # noqa: S608  # only constants go in


_GIVE_UP_CALL = _giving_up(at_attempt())
_GIVE_UP_BELOW = _giving_up(f"(path = %(path)s OR {BELOW.format('path')})")


async def mark(connection: Connection, request: ModelCallRequest, attempt: int) -> None:
    """Give up an earlier attempt at a call because its worker has not reported its outcome."""
    await lock_run(connection, request.run_id)
    await connection.execute(_GIVE_UP_CALL, {**place_of(request), "attempt": attempt})


async def leave_behind(session: AsyncSession, run_id: RunId, path: NodePath) -> None:
    """Give up the attempts of a node that has ended and of the nodes below it: no worker will resume them.

    The root must be locked.
    """
    await sql.execute(session, _GIVE_UP_BELOW, {"run_id": run_id, "path": path})


# If there may be room in the budget now, a run that waits for its budget continues and requests its calls again.
_WOKEN = """
 woken AS (
    INSERT INTO outbox (run_id, kind, payload)
    SELECT run.id, 'signal', %(signal)s::jsonb FROM run, attempt
    WHERE run.needs_budget AND run.status = 'waiting' AND attempt.wakes RETURNING 1),
 resumption AS (
    INSERT INTO events (run_id, seq, payload)
    SELECT run.id, run.event_seq + 1, CAST(%(resumed)s AS jsonb) FROM run, woken)"""
_CONTINUES = """
       status = CASE WHEN EXISTS (SELECT 1 FROM woken) AND runs.approvals_pending = 0 THEN 'running'
            ELSE runs.status END,
       needs_budget = runs.needs_budget AND NOT EXISTS (SELECT 1 FROM woken),
       event_seq = runs.event_seq + (SELECT count(*) FROM woken), updated_at = now()"""
_RESUMED = {
    "resumed": RunResumed().model_dump_json(),
    "signal": as_json(Signal(TaskSignal.BUDGET_RAISED)),
}

_REINSTATE = f"""
WITH run AS (SELECT id, status, needs_budget, event_seq FROM runs WHERE id = %(run_id)s),
 attempt AS (
    UPDATE call_attempts SET status = 'started', ended_at = NULL, error_code = NULL, estimated = false
    FROM run WHERE {at_attempt()} AND call_attempts.status = 'in_doubt'
      AND run.status = ANY(CAST(%(open)s AS text[]))
      AND NOT EXISTS (SELECT 1 FROM subtasks s WHERE s.run_id = run.id
                        AND (s.path = %(path)s OR starts_with(%(path)s, s.path || '/'))
                        AND s.status <> ALL(CAST(%(open_subtasks)s AS text[])))
      AND EXISTS (SELECT 1 FROM calls c WHERE {at_place("c")} AND c.status = 'failed')
    RETURNING reserved_micro_usd, reserved_tokens, true AS wakes),
 call AS (UPDATE calls SET status = 'started', attempt = %(attempt)s FROM attempt WHERE {at_place("calls")}),
{_WOKEN}
UPDATE runs SET in_doubt_micro_usd = in_doubt_micro_usd - attempt.reserved_micro_usd,
       reserved_micro_usd = runs.reserved_micro_usd + attempt.reserved_micro_usd,
       reserved_tokens = runs.reserved_tokens + attempt.reserved_tokens, {_CONTINUES}
FROM attempt WHERE id = %(run_id)s RETURNING 1
"""  # noqa: S608  # only constants go in


async def reinstate(connection: Connection, intent: Intent) -> bool:
    """Let an in-doubt attempt whose answer arrives late continue as if it had never been in doubt.

    This is only possible while no other attempt is in progress or has answered, and the node is still open. The root
    must have been locked by an earlier statement, and the call must be settled in the same transaction: a later
    attempt that has failed keeps its number. Returns whether the attempt continues.
    """
    place = {**place_of(intent.request), "attempt": intent.attempt}
    statuses = {"open": _OPEN, "open_subtasks": _OPEN_SUBTASKS}
    cursor = await connection.execute(_REINSTATE, {**place, **statuses, **_RESUMED})
    return await scalar(cursor) is not None


_SETTLED_BY = f"""
SELECT c.outcome, r.event_seq FROM calls c JOIN runs r ON r.id = c.run_id
WHERE {at_attempt("c")} AND c.status = 'finished'
"""  # noqa: S608  # only constants go in


async def settled_by(connection: Connection, intent: Intent) -> tuple[ModelCallOutcome | None, int] | None:
    """Return the outcome that this attempt has already settled, and the sequence of the task's last event.

    An attempt settles again if the database's reply to its first settlement was lost. The outcome is None if the task
    has been deleted since. Returns None if this attempt has not settled the call.
    """
    cursor = await connection.execute(_SETTLED_BY, {**place_of(intent.request), "attempt": intent.attempt})
    row = await cursor.fetchone()
    if row is None:
        return None
    return None if row.outcome is None else ModelCallOutcome.model_validate(row.outcome), row.event_seq


_LATE = f"""
WITH run AS MATERIALIZED (SELECT id, status, needs_budget, event_seq FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE),
 attempt AS (
    -- Its error code stays: it shows whether its reservation had become in-doubt cost.
    UPDATE call_attempts SET status = 'late', {set_used()}, cost_micro_usd = %(cost)s, estimated = %(estimated)s,
           ended_at = clock_timestamp(), provider_request_id = %(request_id)s
    FROM run WHERE {at_attempt()} AND call_attempts.status IN ('started', 'in_doubt')
    RETURNING error_code IS NOT DISTINCT FROM 'in_doubt' AS doubted, %(cost)s < %(money)s AS wakes),
{_WOKEN}
UPDATE runs SET spent_micro_usd = spent_micro_usd + %(cost)s,
       in_doubt_micro_usd = in_doubt_micro_usd - CASE WHEN doubted THEN %(money)s ELSE 0 END,
       reserved_micro_usd = GREATEST(0, reserved_micro_usd - CASE WHEN doubted THEN 0 ELSE %(money)s END),
       reserved_tokens = GREATEST(0, reserved_tokens - CASE WHEN doubted THEN 0 ELSE %(tokens)s END),
       {add_used("runs")}, {_CONTINUES}
FROM attempt WHERE id = %(run_id)s RETURNING runs.event_seq
"""  # noqa: S608  # only constants go in


async def book_late(connection: Connection, settlement: Settlement) -> int | None:
    """Book only the cost of an attempt that may no longer finish its call, and not its answer.

    Returns the sequence of the task's last event, or None if there was nothing to book.
    """
    values = {**place_of(settlement.intent.request), **settlements.spent_of(settlement), **_RESUMED}
    return await scalar(await connection.execute(_LATE, values))


_FAIL_LATE = f"""
WITH run AS MATERIALIZED (
    SELECT id, status, needs_budget, event_seq, deleted_at FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE),
 attempt AS ({FAIL_ATTEMPT} AND call_attempts.status = 'in_doubt'
    RETURNING %(cost)s < %(money)s OR NOT %(asked)s AS wakes),
{_WOKEN}
UPDATE runs SET in_doubt_micro_usd = in_doubt_micro_usd - %(money)s, spent_micro_usd = spent_micro_usd + %(cost)s,
       {add_used("runs")}, model_calls = model_calls - CASE WHEN %(asked)s THEN 0 ELSE 1 END, {_CONTINUES}
FROM attempt WHERE id = %(run_id)s RETURNING runs.event_seq
"""  # noqa: S608  # only constants go in


async def fail_late(connection: Connection, failure: Failure) -> int | None:
    """Record how an in-doubt attempt failed, and release its in-doubt cost.

    Returns the sequence of the task's last event, or None if the attempt was not in doubt.
    """
    cursor = await connection.execute(_FAIL_LATE, {**failures.failed_of(failure), **_RESUMED})
    return await scalar(cursor)
