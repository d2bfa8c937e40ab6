"""Event rows: appended in the transaction that makes them true, and read by all followers of a task."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, scalar, words
from chimera.ledger.statements import INSERT_EVENTS, events_of, insert_event
from models.events import EVENT, Event, EventFrame
from models.ids import RunId
from models.runs import CLOSED

# Lock order: every writing transaction locks the run's row first, so two transactions can't deadlock.
_APPEND = f"""
WITH account AS (
    UPDATE runs SET event_seq = event_seq + %(n)s, updated_at = now() WHERE id = %(run_id)s RETURNING id, event_seq),
 ev AS ({INSERT_EVENTS})
SELECT event_seq FROM account
"""  # noqa: S608  # only constants go in


async def append(session: AsyncSession, run_id: RunId, *events: Event) -> int:
    """Append events and return the sequence of the last one, or 0 if the run doesn't exist."""
    last: int | None = (await sql.execute(session, _APPEND, {"run_id": run_id, **events_of(events)})).scalar()
    return last or 0


_ONCE = f"""
WITH taken AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now()
    WHERE id = %(run_id)s AND status <> ALL(%(closed)s)
      AND NOT EXISTS (SELECT 1 FROM events WHERE run_id = %(run_id)s AND payload @> %(like)s::jsonb)
    RETURNING id, event_seq)
{insert_event("taken")} RETURNING seq
"""  # noqa: S608  # only constants go in


async def append_once(connection: Connection, run_id: RunId, event: Event, *, like: Iterable[str]) -> int | None:
    """Append an event to an open task, unless the task has one with the same type, path, step and fields in `like`.

    Returns the event's sequence, or None if nothing was appended.
    """
    payload = event.model_dump(mode="json")
    same = {name: payload[name] for name in ("type", "path", "step", *like)}
    values = {"run_id": run_id, "event": json.dumps(payload), "like": json.dumps(same), "closed": words(CLOSED)}
    return await scalar(await connection.execute(_ONCE, values))


_COLUMNS = "SELECT seq, at, payload FROM events WHERE run_id = %(run_id)s"
_AFTER = f"{_COLUMNS} AND seq > %(after)s ORDER BY seq LIMIT %(limit)s"
_NEWEST = f"{_COLUMNS} ORDER BY seq DESC LIMIT %(limit)s"


async def read_after(connection: Connection, run_id: RunId, after: int, limit: int = 1000) -> list[EventFrame]:
    """Read up to `limit` events whose sequence is greater than `after`, oldest first."""
    rows = await connection.execute(_AFTER, {"run_id": run_id, "after": after, "limit": limit})
    return [_frame_of(run_id, row) async for row in rows]


async def newest(connection: Connection, run_id: RunId, limit: int) -> list[EventFrame]:
    """Read the last `limit` events, oldest first."""
    rows = await connection.execute(_NEWEST, {"run_id": run_id, "limit": limit})
    return [_frame_of(run_id, row) async for row in rows][::-1]


_LAST_SEQS = "SELECT id, event_seq FROM runs WHERE id = ANY(%(ids)s::uuid[])"


async def last_seqs(connection: Connection, run_ids: Iterable[RunId]) -> dict[RunId, int]:
    """Return the sequence of the newest event of each run."""
    rows = await connection.execute(_LAST_SEQS, {"ids": list(run_ids)})
    return {RunId(str(row.id)): row.event_seq async for row in rows}


def _frame_of(run_id: RunId, row: Any) -> EventFrame:
    return EventFrame(run_id=run_id, seq=row.seq, at=row.at, event=EVENT.validate_python(row.payload))
