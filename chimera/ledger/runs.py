"""Runs as Temporal and the workers see them: started, open, lost, stopped, or ended from outside."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, words
from chimera.ledger import outbox
from chimera.ledger.ends import end_run, locked
from chimera.ledger.statements import insert_event
from models.events import RunStarted
from models.ids import ROOT, RunId
from models.runs import CLOSED, OPEN, STOPPED, RunStatus
from models.tasks import TransitionRecord

_MARK_STARTED = f"""
WITH begun AS (
    UPDATE runs SET started_at = COALESCE(started_at, now()), admitted_at = COALESCE(admitted_at, now()),
           event_seq = event_seq + 1, updated_at = now(),
           status = CASE status WHEN 'queued' THEN 'running' ELSE status END
    WHERE id = %(run_id)s AND status <> ALL(%(ended)s)
      AND NOT EXISTS (SELECT 1 FROM events WHERE run_id = runs.id AND payload ->> 'type' = 'run.started')
    RETURNING id, event_seq)
{insert_event("begun")}
"""  # noqa: S608  # only constants go in


async def mark_started(session: AsyncSession, run_id: RunId) -> None:
    """Record once that the run has started. An earlier pause remains in effect; a stopped or ended run isn't changed.

    If the run's first call came before this, it has already set `started_at`.
    """
    event = RunStarted().model_dump_json()
    values = {"run_id": run_id, "ended": words(CLOSED | STOPPED), "event": event}
    await sql.execute(session, _MARK_STARTED, values)


_OPEN = words(OPEN)
_OPEN_AMONG = """
SELECT id FROM runs WHERE id = ANY(%(ids)s::uuid[]) AND deleted_at IS NULL AND status = ANY(%(open)s)
"""
_OLDEST_OPEN = """
SELECT created_at FROM runs WHERE deleted_at IS NULL AND status = ANY(%(open)s) ORDER BY created_at LIMIT 1
"""
_DELIVERED_BEFORE = """
SELECT id FROM runs t
WHERE deleted_at IS NULL AND status = ANY(%(open)s) AND created_at < %(before)s
  AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid)
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = t.id) ORDER BY id LIMIT %(limit)s
"""
_STOPPED_AMONG = """
SELECT id FROM runs WHERE id = ANY(%(ids)s::uuid[]) AND (status = ANY(%(stopped)s) OR deleted_at IS NOT NULL)
"""


async def open_among(session: AsyncSession, run_ids: Collection[RunId]) -> list[RunId]:
    """Return those of these runs whose rows are still open."""
    if not run_ids:
        return []
    rows = await sql.execute(session, _OPEN_AMONG, {"ids": list(run_ids), "open": _OPEN})
    return [RunId(str(row.id)) for row in rows]


async def oldest_open(session: AsyncSession) -> datetime | None:
    """Return when the oldest open run was accepted, or None if all runs have ended."""
    created_at: datetime | None = (await sql.execute(session, _OLDEST_OPEN, {"open": _OPEN})).scalar()
    return created_at


async def delivered_before(session: AsyncSession, before: datetime, after: RunId | None, limit: int) -> list[RunId]:
    """Return open runs that were accepted before `before` and have no entry in the outbox.

    The runs are in the order of their ids, beginning after the id `after`.
    """
    values = {"open": _OPEN, "before": before, "after": after, "limit": limit}
    return [RunId(str(row.id)) for row in await sql.execute(session, _DELIVERED_BEFORE, values)]


async def start_again(session: AsyncSession, run_id: RunId) -> None:
    """Restart a run that Temporal has lost; the ledger keeps its finished answers. A run being cancelled is closed."""
    run = await locked(session, run_id)
    status = None if run is None else run.status
    if status == RunStatus.CANCELLING:
        await close_from_temporal(session, run_id, True)
    elif status in OPEN:
        await outbox.enqueue(session, run_id, "start")


async def stopped_among(connection: Connection, run_ids: Collection[RunId]) -> set[RunId]:
    """Return those of these runs that were cancelled or deleted, or have failed: they need no more answers.

    Completed runs are not included, because the call that asks may be the one that completed its run.
    """
    values = {"ids": list(run_ids), "stopped": words(STOPPED | {RunStatus.FAILED})}
    cursor = await connection.execute(_STOPPED_AMONG, values)
    return {RunId(str(row.id)) for row in await cursor.fetchall()}


async def close_from_temporal(
    session: AsyncSession, run_id: RunId, cancelled: bool, *, retries: int | None = None
) -> bool:
    """Update the row of a run that was ended from outside (for example terminated in Temporal's Web UI).

    `retries` is the number of the retry that ended; None means any. If the task has been retried since, its row isn't
    changed. Returns whether the run was open until now.
    """
    run = await locked(session, run_id)
    status, current = (None, 0) if run is None else (run.status, run.retries)
    # A cancel was requested, so the run counts as cancelled, however it ended.
    cancelled = cancelled or status == RunStatus.CANCELLING
    transition = TransitionRecord(
        run_id=run_id,
        path=ROOT,
        status="cancelled" if cancelled else "failed",
        error_code=None if cancelled else "ended_outside",
        error="" if cancelled else "The run was ended directly in Temporal. The run's history shows who ended it.",
        retries=current if retries is None else retries,
    )
    return await end_run(session, transition) > 0


_SCHEDULED_RUN = "SELECT scheduled_run_id FROM runs WHERE id = %(run_id)s"


async def scheduled_run_of(session: AsyncSession, run_id: RunId) -> str | None:
    """Return the workflow id of the scheduled run that created a run, or None if a caller created it."""
    found: str | None = (await sql.execute(session, _SCHEDULED_RUN, {"run_id": run_id})).scalar()
    return found
