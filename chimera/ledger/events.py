"""Event rows: appended in the transaction that made them true, read by everybody who follows a task."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, scalar, words
from chimera.db.tables import EventRow
from chimera.ledger.statements import insert_event
from models.events import EVENT, Event, EventFrame
from models.ids import RunId
from models.tasks import CLOSED

# `FOR UPDATE` order: the tasks row is always the first that a writing transaction locks, so two can't deadlock.
_TAKE = text("UPDATE runs SET event_seq = event_seq + :n, updated_at = now() WHERE id = :run_id RETURNING event_seq")
_INSERT = text(
    "INSERT INTO events (run_id, seq, payload)"
    " SELECT CAST(:run_id AS uuid), :first + i - 1, p"
    " FROM unnest(CAST(:payloads AS jsonb[])) WITH ORDINALITY AS t (p, i)"
)


async def append(session: AsyncSession, run_id: RunId, *events: Event) -> int:
    """Append events and return the sequence of the last one; 0 when the task doesn't exist (any more)."""
    last = await session.scalar(_TAKE, {"run_id": run_id, "n": len(events)})
    if last is None:
        return 0
    await insert(session, run_id, last, events)
    return int(last)


async def insert(session: AsyncSession, run_id: RunId, last: int, events: Sequence[Event]) -> None:
    """Write events whose sequence numbers were already taken; `last` is the number of the last one."""
    if events:
        payloads = [EVENT.dump_json(event, exclude_defaults=False).decode() for event in events]
        await session.execute(_INSERT, {"run_id": run_id, "first": last - len(events) + 1, "payloads": payloads})


_ONCE = f"""
WITH taken AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now()
    WHERE id = %(run_id)s AND status <> ALL(%(closed)s)
      AND NOT EXISTS (SELECT 1 FROM events WHERE run_id = %(run_id)s AND payload @> CAST(%(like)s AS jsonb))
    RETURNING id, event_seq)
{insert_event("taken")} RETURNING seq
"""  # noqa: S608  # only constants go in


async def append_once(connection: Connection, run_id: RunId, event: Event, *, like: Iterable[str]) -> int | None:
    """Append an event to an open task unless it has one with the same type, place and fields named in `like`.

    Returns its sequence, None when nothing was appended.
    """
    payload = event.model_dump(mode="json")
    same = {name: payload[name] for name in ("type", "path", "step", *like)}
    values = {"run_id": run_id, "event": json.dumps(payload), "like": json.dumps(same), "closed": words(CLOSED)}
    return await scalar(await connection.execute(_ONCE, values))


async def read_after(session: AsyncSession, run_id: RunId, after: int, limit: int = 1000) -> list[EventFrame]:
    """Read up to `limit` events whose sequence is greater than `after`, oldest first."""
    rows = await session.execute(
        select(EventRow.seq, EventRow.at, EventRow.payload)
        .where(EventRow.run_id == run_id, EventRow.seq > after)
        .order_by(EventRow.seq)
        .limit(limit)
    )
    return [EventFrame(task_id=run_id, seq=seq, at=at, event=EVENT.validate_python(p)) for seq, at, p in rows]
