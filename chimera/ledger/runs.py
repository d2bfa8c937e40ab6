"""Runs as Temporal and the workers see them: begun, open, lost, stopped, ended from outside."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, words
from chimera.ledger import outbox
from chimera.ledger.ends import end_run
from chimera.ledger.statements import insert_event
from models.events import RunStarted
from models.ids import ROOT, RunId
from models.runs import CLOSED, OPEN, STOPPED, RunStatus
from models.tasks import TransitionRecord

_MARK_STARTED = text(f"""
WITH begun AS (
    UPDATE runs SET started_at = COALESCE(started_at, now()), admitted_at = COALESCE(admitted_at, now()),
           event_seq = event_seq + 1, updated_at = now(),
           status = CASE status WHEN 'queued' THEN 'running' ELSE status END
    WHERE id = :id AND status <> ALL(:ended)
      AND NOT EXISTS (SELECT 1 FROM events WHERE run_id = runs.id AND payload ->> 'type' = 'run.started')
    RETURNING id, event_seq)
{insert_event("begun", ":event")}
""")  # noqa: S608  # only constants go in


async def mark_started(session: AsyncSession, run_id: RunId) -> None:
    """Record that the run has begun, once; a pause that came first stays, and after a cancel nothing begins.

    A run that was faster than this has put in `started_at` with its first call; one that has ended is left as it is.
    """
    event = RunStarted().model_dump_json()
    await session.execute(_MARK_STARTED, {"id": run_id, "ended": words(CLOSED | STOPPED), "event": event})


async def open_among(session: AsyncSession, run_ids: Collection[RunId]) -> list[RunId]:
    """Which of these tasks the rows still call open."""
    if not run_ids:
        return []
    rows = await session.scalars(
        text("SELECT id FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL AND status = ANY(:open)"),
        {"ids": list(run_ids), "open": words(OPEN)},
    )
    return [RunId(str(run_id)) for run_id in rows]


async def oldest_open(session: AsyncSession) -> datetime | None:
    """When the oldest open task was accepted; None if all have ended."""
    statement = text(
        "SELECT created_at FROM runs WHERE deleted_at IS NULL AND status = ANY(:open) ORDER BY created_at LIMIT 1"
    )
    created_at: datetime | None = await session.scalar(statement, {"open": words(OPEN)})
    return created_at


async def with_runs(session: AsyncSession, before: datetime, after: RunId | None, limit: int) -> list[RunId]:
    """Open tasks from before a moment whose runs were started, by id, from behind `after`."""
    rows = await session.scalars(
        text(
            "SELECT id FROM runs t WHERE deleted_at IS NULL AND status = ANY(:open) AND created_at < :before"
            " AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))"
            " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = t.id) ORDER BY id LIMIT :limit"
        ),
        {"open": words(OPEN), "before": before, "after": after, "limit": limit},
    )
    return [RunId(str(run_id)) for run_id in rows]


async def start_again(session: AsyncSession, run_id: RunId) -> None:
    """Have a run started anew that Temporal has lost: the ledger gives it what was answered. A stop stays a stop."""
    status = await session.scalar(text("SELECT status FROM runs WHERE id = :id FOR NO KEY UPDATE"), {"id": run_id})
    if status == RunStatus.CANCELLING:
        await close_from_temporal(session, run_id, True)
    elif status in OPEN:
        await outbox.enqueue(session, run_id, "start")


async def stopped_among(connection: Connection, run_ids: Collection[RunId]) -> set[RunId]:
    """Which of these tasks were cancelled or deleted, or have failed: no answer in them is needed.

    A completed one isn't among them: the call that completed it may be the one that asks.
    """
    cursor = await connection.execute(
        "SELECT id FROM runs WHERE id = ANY(CAST(%(ids)s AS uuid[]))"
        " AND (status = ANY(%(stopped)s) OR deleted_at IS NOT NULL)",
        {"ids": list(run_ids), "stopped": words(STOPPED | {RunStatus.FAILED})},
    )
    return {RunId(str(row.id)) for row in await cursor.fetchall()}


async def close_from_temporal(
    session: AsyncSession, run_id: RunId, cancelled: bool, *, retries: int | None = None
) -> bool:
    """Update the row of a run that was ended from outside (for example terminated in Temporal's Web UI).

    `retries` names the run that ended; None: any. A task that was retried since is left
    alone. Returns whether it was open until now.
    """
    lock = text("SELECT status, retries FROM runs WHERE id = :id FOR NO KEY UPDATE")
    status, current = (await session.execute(lock, {"id": run_id})).one_or_none() or (None, 0)
    # A requested stop has been made, however the run ended.
    cancelled = cancelled or status == RunStatus.CANCELLING
    transition = TransitionRecord(
        run_id=run_id,
        path=ROOT,
        status="cancelled" if cancelled else "failed",
        error_code=None if cancelled else "ended_outside",
        error="" if cancelled else "The run was ended in Temporal. Its history shows who ended it.",
        retries=current if retries is None else retries,
    )
    return await end_run(session, transition) > 0


async def scheduled_run_of(session: AsyncSession, run_id: RunId) -> str | None:
    """Return the workflow id of the schedule's run that created a run; None for one that a caller created."""
    found: str | None = await session.scalar(text("SELECT scheduled_run_id FROM runs WHERE id = :id"), {"id": run_id})
    return found
