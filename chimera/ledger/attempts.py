"""Attempts at model calls that are in progress, and the workers that make them."""

from collections.abc import Collection
from datetime import timedelta

from chimera.db.engine import Connection, one
from chimera.ledger.statements import at_attempt, place_of
from models.ids import RunId
from models.model_calls import ModelCallRequest

ALIVE = timedelta(seconds=8)
"""How long an attempt counts as alive after its worker's last report. A worker reports its calls in flight every two
seconds. Temporal notices after ten seconds that a worker has died."""

_REPORT_ALIVE = """
UPDATE call_attempts a SET seen_at = clock_timestamp()
FROM unnest(%(run_ids)s::uuid[], %(paths)s::text[], %(purposes)s::text[], %(steps)s::int[])
    AS k (run_id, path, purpose, step)
WHERE a.run_id = k.run_id AND a.path = k.path AND a.purpose = k.purpose AND a.step = k.step
  AND a.worker = %(worker)s AND a.status = 'started'
"""


async def report_alive(connection: Connection, requests: Collection[ModelCallRequest], worker: str) -> None:
    """Record that the attempts of `worker` at these calls are in progress."""
    values = {
        "run_ids": [request.run_id for request in requests],
        "paths": [request.path for request in requests],
        "purposes": [request.purpose.value for request in requests],
        "steps": [request.step for request in requests],
    }
    await connection.execute(_REPORT_ALIVE, {**values, "worker": worker})


_SEEN = f"""
SELECT worker, COALESCE(seen_at, started_at) > clock_timestamp() - %(alive)s AS alive FROM call_attempts
WHERE {at_attempt()}
"""  # noqa: S608  # only constants go in


async def seen(connection: Connection, request: ModelCallRequest, attempt: int) -> tuple[str, bool]:
    """Return the worker that makes an attempt, and whether it recently started or reported the attempt.

    The database's clock decides what is recent.
    """
    row = await one(await connection.execute(_SEEN, {**place_of(request), "attempt": attempt, "alive": ALIVE}))
    return row.worker, row.alive


_IN_PROGRESS = "SELECT path, purpose, step, attempt FROM calls WHERE run_id = %(run_id)s AND status = 'started'"


async def in_progress(connection: Connection, run_id: RunId) -> set[tuple[str, str, int, int]]:
    """Return the path, purpose, step and attempt of each model call in progress."""
    rows = await connection.execute(_IN_PROGRESS, {"run_id": run_id})
    return {(row.path, row.purpose, row.step, row.attempt) async for row in rows}
