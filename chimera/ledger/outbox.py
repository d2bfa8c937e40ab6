"""The outbox: what was accepted in a transaction and Temporal has still to hear of."""

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
from models.subtasks import OPEN_SUBTASKS

Kind = Literal["start", "cancel", "forget"]
"""`forget`: the task was deleted, and so are its runs."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal to a run's workflow, by its name in `models/workflows.py`."""

    name: str
    args: list[Any] = field(default_factory=list)
    """As JSON; the workflow reads each by the type that it expects."""


_SIGNAL = TypeAdapter(Signal)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message to a run, delivered in the order of its ids."""

    id: int
    run_id: RunId
    kind: str
    """A Kind, or `signal`. A later version may have written another."""
    attempts: int
    payload: dict[str, Any] | None = None

    def signal(self) -> Signal:
        """Read the signal; fields of a later version are ignored. Raises ValueError when it can't be read."""
        try:
            return _SIGNAL.validate_python(self.payload)
        except ValidationError as error:
            # Without the values: they may be content.
            wrong = "; ".join(f"{each['loc']}: {each['msg']}" for each in error.errors())
            raise ValueError(f"the payload is not a signal: {wrong}") from None


async def enqueue(session: AsyncSession, run_id: RunId, kind: Kind) -> None:
    """Promise a message to the run, in the caller's transaction."""
    session.add(Outbox(run_id=run_id, kind=kind))
    await session.flush()


async def signal(session: AsyncSession, run_id: RunId, name: str, *args: object) -> None:
    """Promise a signal to the run, in the caller's transaction."""
    payload = asdict(Signal(name, to_jsonable_python(list(args))))
    session.add(Outbox(run_id=run_id, kind="signal", payload=payload))
    await session.flush()


_PROMISED = "SELECT EXISTS (SELECT 1 FROM outbox WHERE run_id = %(run_id)s AND kind = %(kind)s)"


async def enqueue_again(session: AsyncSession, run_id: RunId, kind: Kind) -> None:
    """Promise a message that was delivered before, unless it still waits for that."""
    if not (await sql.execute(session, _PROMISED, {"run_id": run_id, "kind": kind})).scalar():
        await enqueue(session, run_id, kind)


# The lock is held while the message is delivered: another process skips the run instead of sending it twice, and a
# process that dies lets go of it. Only the first entry of a run is ever tried, so that the order holds (SKIP LOCKED
# with ORDER BY … LIMIT 1 would go on to the second). A start that is not admitted isn't even locked.
_IS_HELD = f"o.kind = 'start' AND EXISTS (SELECT 1 FROM runs r WHERE r.id = o.run_id AND {NOT_ADMITTED})"  # noqa: S608
_TAKE_FIRST = f"""
SELECT o.id, o.run_id, o.kind, o.payload, o.attempts FROM outbox o
WHERE o.id = (SELECT min(id) FROM outbox WHERE run_id = %(run_id)s) AND NOT ({_IS_HELD})
FOR UPDATE OF o SKIP LOCKED
"""  # noqa: S608  # only constants go in, here and below
_DUE = f"""
SELECT o.run_id FROM outbox o WHERE o.next_attempt_at <= now() AND o.run_id IS NOT NULL
   AND o.id = (SELECT min(id) FROM outbox f WHERE f.run_id = o.run_id) AND NOT ({_IS_HELD})
ORDER BY o.next_attempt_at LIMIT %(limit)s
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
    """Lock the oldest entry of a run; None when there is none, another process delivers it, or it isn't admitted."""
    row = (await sql.execute(session, _TAKE_FIRST, {"run_id": run_id})).one_or_none()
    if row is None:
        return None
    run_id = RunId(str(row.run_id))
    return Entry(id=row.id, run_id=run_id, kind=row.kind, attempts=row.attempts, payload=row.payload)


async def due(session: AsyncSession, limit: int) -> list[RunId]:
    """Runs with entries that were not delivered in time."""
    return [RunId(str(row.run_id)) for row in await sql.execute(session, _DUE, {"limit": limit})]


async def delivered(session: AsyncSession, entry: Entry) -> bool:
    """Drop an entry whose message has arrived; return whether another waits for the same run."""
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
    """A schedule that Temporal has to be given again; its row is read when it is delivered."""

    ids: list[int]
    """All entries that were committed before. One with a lower id may be committed after them, so each is named."""
    was_tried: bool
    """Whether each of them has failed before."""


async def enqueue_schedule(session: AsyncSession, schedule_id: ScheduleId) -> None:
    """Promise Temporal what the row of a schedule says now, or that it is gone, in the caller's transaction."""
    session.add(Outbox(schedule_id=schedule_id, kind="schedule"))
    await session.flush()


async def take_schedule(session: AsyncSession, schedule_id: ScheduleId, wait: timedelta) -> Change | None:
    """Wait for deliveries of a schedule by others, and return what they leave to deliver; None when that is nothing.

    No other process delivers it before the end of the transaction. Raises TimeoutError when the wait takes too long.
    """
    # Of two deliveries side by side, the later could write stale values.
    await take_turn(session, f"schedule {schedule_id}", wait)
    entries = (await sql.execute(session, _OF_SCHEDULE, {"schedule_id": schedule_id})).all()
    return Change([entry.id for entry in entries], all(entry.attempts for entry in entries)) if entries else None


async def schedules_due(session: AsyncSession, limit: int) -> list[ScheduleId]:
    """Schedules with changes that were not delivered in time."""
    due = await sql.execute(session, _SCHEDULES_DUE, {"limit": limit})
    return [ScheduleId(str(row.schedule_id)) for row in due]


async def drop_schedule(session: AsyncSession, change: Change) -> None:
    """Drop the changes of a schedule that Temporal has now, or will never take."""
    await sql.execute(session, _DROP_SCHEDULE, {"ids": change.ids})


async def schedule_failed(session: AsyncSession, change: Change, error: str) -> None:
    """Note why Temporal did not get a schedule; it is retried after 1, 2, 4 … 30 s."""
    await sql.execute(session, _FAILED, {"ids": change.ids, "error": error[:500]})


CANCEL_AGAIN_S = 10
"""How long a run may take to end after a cancel; then the cancel is repeated, for its subtasks too."""
CANCELS = 6
"""After so many cancels a run is terminated: a requested stop always happens."""
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
    """Return how often a run's cancel was sent again, and its open subtasks; (0, []) once it has ended.

    A subtask whose first call was refused has a run, and is pending all the same.
    """
    values = {"run_id": run_id, "open": words(OPEN_SUBTASKS)}
    row = (await sql.execute(session, _CANCELLED_TREE, values)).one_or_none()
    return (0, []) if row is None else (row.cancels_sent, [NodePath(path) for path in row.paths])
