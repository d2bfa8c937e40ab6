"""Failures of attempts at model calls, and the reservation that each releases."""

from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, one_line, scalar, words
from chimera.ledger.calls import Intent
from chimera.ledger.statements import INSERT_EVENTS, add_used, at_attempt, events_of, place_of, set_used, used
from models.events import Event
from models.ids import RunId
from models.model_calls import AttemptStatus
from models.runs import OPEN, STOPPED
from models.usage import Usage

_OPEN = words(OPEN)


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt without an answer. Its cost may be an estimate, and is 0 if the provider rejected the call at once."""

    intent: Intent
    status: AttemptStatus
    code: str
    message: str
    usage: Usage
    cost_micro_usd: int
    asked: bool = True
    """False: the provider did not accept the request, so it doesn't count toward the budget's limit of requests."""
    events: tuple[Event, ...] = ()
    estimated: bool = True
    """False: the provider reported the usage."""
    kept_text: str | None = None
    """For a reply that is interrupted: the part of its answer that had arrived, which becomes its result."""


FAIL_ATTEMPT = f"""
    UPDATE call_attempts SET status = %(status)s, ended_at = clock_timestamp(), error_code = %(code)s,
           error = CASE WHEN run.deleted_at IS NULL THEN %(message)s END, {set_used()}, cost_micro_usd = %(cost)s,
           estimated = %(estimated)s
    FROM run WHERE {at_attempt()}"""  # noqa: S608  # only constants go in
"""Records how an attempt of the CTE `run` failed. The caller appends a condition on the attempt's status."""

_FAIL = one_line(f"""
WITH run AS MATERIALIZED (SELECT id, deleted_at FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE),
 attempt AS ({FAIL_ATTEMPT} AND status = 'started' RETURNING 1),
 call AS (UPDATE calls SET status = 'failed' FROM attempt WHERE {at_attempt("calls")}),
 account AS (
    UPDATE runs SET reserved_micro_usd = GREATEST(0, reserved_micro_usd - %(money)s),
           reserved_tokens = GREATEST(0, reserved_tokens - %(tokens)s),
           spent_micro_usd = spent_micro_usd + %(cost)s, {add_used("runs")}, updated_at = now(),
           event_seq = event_seq + CASE WHEN status = ANY(%(open)s::text[]) THEN %(n)s ELSE 0 END,
           model_calls = model_calls - CASE WHEN %(asked)s THEN 0 ELSE 1 END
    FROM attempt WHERE id = %(run_id)s RETURNING id, event_seq, status),
 ev AS ({INSERT_EVENTS} WHERE account.status = ANY(%(open)s::text[]))
SELECT event_seq FROM account
""")  # noqa: S608  # only constants go in
"""Writes no event if the run has already ended."""

_KEEP = one_line("""
UPDATE runs SET result = %(text)s, finish_reason = 'interrupted'
WHERE id = %(run_id)s AND status = ANY(%(stopped)s::text[]) AND result IS NULL AND deleted_at IS NULL
  AND kind IN ('reply', 'completion')
""")


async def fail(connection: Connection, failure: Failure) -> int | None:
    """Record how an attempt failed and release its reservation.

    Returns the sequence of the last event, or None if the attempt was given up (see `in_doubt.fail_late`).
    """
    values = {**failed_of(failure), **events_of(failure.events), "open": _OPEN}
    if failure.kept_text is None:
        return await scalar(await connection.execute(_FAIL, values))
    async with connection.transaction():
        seq: int | None = await scalar(await connection.execute(_FAIL, values))
        await keep_text(connection, failure.intent.request.run_id, failure.kept_text)
    return seq


async def keep_text(connection: Connection, run_id: RunId, text: str) -> None:
    """Make a text the result of a reply that was stopped. Other runs, and those with a result, aren't changed."""
    await connection.execute(_KEEP, {"run_id": run_id, "text": text, "stopped": words(STOPPED)})


def failed_of(failure: Failure) -> dict[str, Any]:
    """Return an attempt's failure, its cost and the reservation that it releases, as query parameters."""
    intent = failure.intent
    return {
        **place_of(intent.request),
        **used(failure.usage),
        "attempt": intent.attempt,
        "status": failure.status,
        "code": failure.code,
        "message": failure.message[:500],
        "money": intent.reserve_micro_usd,
        "tokens": intent.reserve_tokens,
        "cost": failure.cost_micro_usd,
        "asked": failure.asked,
        "estimated": failure.estimated and failure.cost_micro_usd > 0,
    }
