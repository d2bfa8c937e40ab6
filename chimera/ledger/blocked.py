"""A task's blocked calls: those that wait for their provider, and those that failed and will be retried."""

from psycopg.rows import dict_row

from chimera.db.engine import Connection, words
from models.errors import ModelLoading, Unreachable
from models.ids import RunId
from models.subtasks import OPEN_SUBTASKS
from models.tasks import BlockedCall

_NOT_ACCEPTED = [error.code for error in (Unreachable, ModelLoading)]
_LOOKED_AT = 500
"""How many of a task's newest events are read. If it has more, a call that has been blocked for long may be missed."""

# The newest event of each call decides: a call that has started again is no longer blocked.
_BLOCKED = """
WITH changes AS (
    SELECT path, purpose, step, seq, at, payload, held, min(at) FILTER (WHERE held) OVER call AS since
    FROM (SELECT seq, at, payload FROM events WHERE run_id = %(id)s ORDER BY seq DESC LIMIT %(looked_at)s) e
    CROSS JOIN LATERAL (
        SELECT payload ->> 'path' AS path, payload ->> 'purpose' AS purpose, CAST(payload ->> 'step' AS int) AS step,
               payload ->> 'type' = 'model_call.waiting'
               OR payload ->> 'type' = 'model_call.failed' AND payload -> 'retryable' = 'true'
                  AND payload ->> 'code' <> 'cancelled' AS held) p
    WHERE starts_with(payload ->> 'type', 'model_call.') AND payload ->> 'type' <> 'model_call.fell_back'
    WINDOW call AS (PARTITION BY path, purpose, step)),
 latest AS (SELECT DISTINCT ON (path, purpose, step) * FROM changes ORDER BY path, purpose, step, seq DESC),
 due AS (SELECT *, at + CAST(payload ->> 'retry_after_s' AS float8) * interval '1 second' AS due_at FROM latest)
SELECT payload, since, attempts, requests, asked.model,
       CASE WHEN due_at > clock_timestamp() THEN due_at END AS next_try_at
FROM due
CROSS JOIN LATERAL (
    -- As `model_calls` of the task counts: without those that found no connection, or a model that loads.
    SELECT count(*) AS attempts,
           count(*) FILTER (WHERE a.error_code IS NULL OR a.error_code <> ALL(%(not_accepted)s)) AS requests,
           (array_agg(a.model ORDER BY a.attempt DESC))[1] AS model FROM call_attempts a
    WHERE a.run_id = %(id)s AND a.path = due.path AND a.purpose = due.purpose AND a.step = due.step) asked
LEFT JOIN subtasks s ON s.run_id = %(id)s AND s.path = due.path
WHERE held AND (s.path IS NULL OR s.status = ANY(%(open)s))
ORDER BY since, due.path
"""


async def blocked_calls(connection: Connection, run_id: RunId) -> tuple[BlockedCall, ...]:
    """Read a task's blocked calls with their provider's last error; the call that has waited longest comes first."""
    limits = {"looked_at": _LOOKED_AT, "open": words(OPEN_SUBTASKS), "not_accepted": _NOT_ACCEPTED}
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await cursor.execute(_BLOCKED, {"id": run_id, **limits})
        return tuple([BlockedCall.model_validate({**row.pop("payload"), **row}) async for row in rows])
