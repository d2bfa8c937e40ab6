"""The outbox: messages to Temporal that were accepted in a transaction and are yet to be delivered."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import words
from chimera.db.tables import Outbox
from chimera.ledger.admission import NOT_ADMITTED
from chimera.ledger.turns import take_turn
from models.ids import NodePath, RunId, ScheduleId
from models.runs import OPEN
from models.subtasks import OPEN_SUBTASKS

Kind = Literal["start", "cancel", "forget"]
"""`forget`: the task was deleted, so its runs in Temporal are to be deleted too."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal to a run's workflow, by its name in `models/workflows.py`."""

    name: str
    args: list[Any] = field(default_factory=list)
    """JSON values; the workflow reads each as the type that it expects."""


_SIGNAL = TypeAdapter(Signal)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message to a run. A run's messages are delivered in the order of their ids."""

    id: int
    run_id: RunId
    kind: str
    """A Kind or `signal`, or another kind that a later version has written."""
    attempts: int
    payload: dict[str, Any] | None = None

    def signal(self) -> Signal:
        """Read the signal, ignoring fields of later versions. Raises ValueError if it can't be read."""
        try:
            return _SIGNAL.validate_python(self.payload)
        except ValidationError as error:
            # The values are left out because they may contain users' content.
            wrong = "; ".join(f"{each['loc']}: {each['msg']}" for each in error.errors())
            raise ValueError(f"the payload is not a signal: {wrong}") from None


async def enqueue(session: AsyncSession, run_id: RunId, kind: Kind) -> None:
    """Enqueue a message to the run, in the caller's transaction."""
    session.add(Outbox(run_id=run_id, kind=kind))
    await session.flush()


async def signal(session: AsyncSession, run_id: RunId, name: str, *args: object) -> None:
    """Enqueue a signal to the run, in the caller's transaction."""
    payload = asdict(Signal(name, to_jsonable_python(list(args))))
    session.add(Outbox(run_id=run_id, kind="signal", payload=payload))
    await session.flush()


_PROMISED = "SELECT EXISTS (SELECT 1 FROM outbox WHERE run_id = %(run_id)s AND kind = %(kind)s)"


async def enqueue_again(session: AsyncSession, run_id: RunId, kind: Kind) -> None:
    """Enqueue a message once more, unless the previous one is still waiting for delivery."""
    if not (await sql.execute(session, _PROMISED, {"run_id": run_id, "kind": kind})).scalar():
        await enqueue(session, run_id, kind)


# The lock is held while the message is delivered. Another process skips the run instead of sending the message twice,
# and the lock of a process that dies is released. Only the first entry of a run is ever tried, so that the order is
# kept (SKIP LOCKED with ORDER BY … LIMIT 1 would continue with the second). A start that is held isn't locked: that of
# a task that is not admitted, and that of a reply in a chat session while an earlier one is open.
_OPEN = ", ".join(f"'{each}'" for each in words(OPEN))
_WAITS = f"""
SELECT 1 FROM replies p JOIN runs r ON r.id = p.run_id JOIN runs earlier ON earlier.id = ANY(p.waits_for)
WHERE p.run_id = o.run_id AND r.status = 'queued' AND earlier.status IN ({_OPEN})
"""  # noqa: S608  # only constants go in, here and below
IS_HELD = f"""o.kind = 'start' AND (
    EXISTS (SELECT 1 FROM runs r WHERE r.id = o.run_id AND {NOT_ADMITTED}) OR EXISTS ({_WAITS}))"""  # noqa: S608
"""Selects starts `o` that may not be delivered yet. Until then, what was sent to the run after them waits, too."""
_TAKE_FIRST = f"""
SELECT o.id, o.run_id, o.kind, o.payload, o.attempts FROM outbox o
WHERE o.id = (SELECT min(id) FROM outbox WHERE run_id = %(run_id)s) AND NOT ({IS_HELD})
FOR UPDATE OF o SKIP LOCKED
"""  # noqa: S608
_DUE = f"""
SELECT o.run_id FROM outbox o WHERE o.next_attempt_at <= now() AND o.run_id IS NOT NULL
   AND o.id = (SELECT min(id) FROM outbox f WHERE f.run_id = o.run_id) AND NOT ({IS_HELD})
ORDER BY o.next_attempt_at LIMIT %(limit)s
"""  # noqa: S608
_HELD_REPLIES = f"""
SELECT o.run_id, EXISTS ({_WAITS}) AS waits FROM outbox o JOIN replies q ON q.run_id = o.run_id
WHERE o.kind = 'start' AND o.attempts = 0 AND q.waits_for <> '{{}}' ORDER BY o.id LIMIT %(limit)s
"""  # noqa: S608
_DELIVERED = """
DELETE FROM outbox o WHERE id = %(id)s
RETURNING EXISTS (SELECT 1 FROM outbox p WHERE p.run_id = o.run_id AND p.id <> o.id)
"""
_FAILED = """
UPDATE outbox SET attempts = attempts + 1, last_error = %(error)s,
       next_attempt_at = now() + LEAST(30, power(2, LEAST(attempts, 5))) * interval '1 second'
WHERE id = ANY(%(ids)s)
"""


async def take_first(session: AsyncSession, run_id: RunId) -> Entry | None:
    """Lock and return a run's oldest entry. None: there is none, another process delivers it, or it isn't admitted."""
    row = (await sql.execute(session, _TAKE_FIRST, {"run_id": run_id})).one_or_none()
    if row is None:
        return None
    run_id = RunId(str(row.run_id))
    return Entry(id=row.id, run_id=run_id, kind=row.kind, attempts=row.attempts, payload=row.payload)


async def due(session: AsyncSession, limit: int) -> list[RunId]:
    """Return runs with entries that were not delivered in time."""
    return [RunId(str(row.run_id)) for row in await sql.execute(session, _DUE, {"limit": limit})]


async def held_replies(session: AsyncSession, limit: int) -> tuple[list[RunId], bool]:
    """Return replies that have waited for earlier ones and can start now, and whether others are still waiting."""
    rows = (await sql.execute(session, _HELD_REPLIES, {"limit": limit})).all()
    return [RunId(str(row.run_id)) for row in rows if not row.waits], any(row.waits for row in rows)


async def delivered(session: AsyncSession, entry: Entry) -> bool:
    """Delete an entry whose message was delivered; return whether the run has another one."""
    return bool((await sql.execute(session, _DELIVERED, {"id": entry.id})).scalar())


async def failed(session: AsyncSession, entry: Entry, error: str) -> None:
    """Record why an entry could not be delivered; it is retried after 1, 2, 4 … 30 s."""
    await sql.execute(session, _FAILED, {"ids": [entry.id], "error": error[:500]})


_OF_SCHEDULE = "SELECT id, attempts FROM outbox WHERE schedule_id = %(schedule_id)s"
_SCHEDULES_DUE = """
SELECT schedule_id FROM outbox WHERE next_attempt_at <= now() AND schedule_id IS NOT NULL
GROUP BY schedule_id ORDER BY min(next_attempt_at) LIMIT %(limit)s
"""
_DROP_SCHEDULE = "DELETE FROM outbox WHERE id = ANY(%(ids)s)"


@dataclass(frozen=True, slots=True)
class Change:
    """A changed schedule that has to be sent to Temporal. Its row is read when it is delivered."""

    ids: list[int]
    """All entries committed so far. They are listed because an entry with a lower id may be committed later."""
    was_tried: bool
    """Whether the delivery of each entry has failed before."""


async def enqueue_schedule(session: AsyncSession, schedule_id: ScheduleId) -> None:
    """Enqueue the change or deletion of a schedule, in the caller's transaction."""
    session.add(Outbox(schedule_id=schedule_id, kind="schedule"))
    await session.flush()


async def take_schedule(session: AsyncSession, schedule_id: ScheduleId, wait: timedelta) -> Change | None:
    """Wait for other deliveries of a schedule; return the change that is still to be delivered, or None.

    No other process delivers the schedule before the transaction ends. Raises TimeoutError if the wait takes too long.
    """
    # If two deliveries ran side by side, the later one could write stale values.
    await take_turn(session, f"schedule {schedule_id}", wait)
    entries = (await sql.execute(session, _OF_SCHEDULE, {"schedule_id": schedule_id})).all()
    return Change([entry.id for entry in entries], all(entry.attempts for entry in entries)) if entries else None


async def schedules_due(session: AsyncSession, limit: int) -> list[ScheduleId]:
    """Return schedules with changes that were not delivered in time."""
    due = await sql.execute(session, _SCHEDULES_DUE, {"limit": limit})
    return [ScheduleId(str(row.schedule_id)) for row in due]


async def drop_schedule(session: AsyncSession, change: Change) -> None:
    """Delete the changes of a schedule that Temporal has received, or will never accept."""
    await sql.execute(session, _DROP_SCHEDULE, {"ids": change.ids})


async def schedule_failed(session: AsyncSession, change: Change, error: str) -> None:
    """Record why a schedule could not be delivered; it is retried after 1, 2, 4 … 30 s."""
    await sql.execute(session, _FAILED, {"ids": change.ids, "error": error[:500]})


CANCEL_AGAIN_S = 10
"""How long a run may take to end after a cancel before the cancel is repeated, also for its subtasks."""
CANCELS = 6
"""After this many cancels a run is terminated, so that a requested stop always takes effect."""
_CANCEL_AGAIN = """
WITH late AS (
    UPDATE runs t SET cancels_sent = LEAST(cancels_sent + 1, 1000), updated_at = now()
    WHERE status = 'cancelling' AND updated_at < now() - %(seconds)s * interval '1 second'
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = t.id)
    RETURNING id)
INSERT INTO outbox (run_id, kind) SELECT id, 'cancel' FROM late
"""


async def cancel_again(session: AsyncSession) -> None:
    """Queue another cancel for each run that has not ended some time after the last one."""
    await sql.execute(session, _CANCEL_AGAIN, {"seconds": CANCEL_AGAIN_S})


_CANCELLED_TREE = """
SELECT t.cancels_sent, ARRAY(SELECT s.path FROM subtasks s WHERE s.run_id = t.id AND s.status = ANY(%(open)s)) AS paths
FROM runs t WHERE t.id = %(run_id)s AND t.status = 'cancelling'
"""


async def cancelled_tree(session: AsyncSession, run_id: RunId) -> tuple[int, list[NodePath]]:
    """Return how often a run's cancel was repeated, and its open subtasks; (0, []) once the run has ended.

    Pending subtasks are included: one whose first call was rejected is pending although it has a run.
    """
    values = {"run_id": run_id, "open": words(OPEN_SUBTASKS)}
    row = (await sql.execute(session, _CANCELLED_TREE, values)).one_or_none()
    return (0, []) if row is None else (row.cancels_sent, [NodePath(path) for path in row.paths])
