"""The outbox: what was accepted in a transaction and Temporal has still to hear of."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import words
from chimera.db.tables import Outbox
from chimera.ledger.admission import NOT_ADMITTED
from models.ids import NodePath, RunId, ScheduleId
from models.subtasks import OPEN_SUBTASKS

Kind = Literal["start", "cancel", "pause", "resume", "budget_raised", "forget"]
"""`forget`: the task was deleted, and so are its runs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message to a run, delivered in the order of its ids."""

    id: int
    run_id: RunId
    kind: Kind
    attempts: int


async def enqueue(session: AsyncSession, run_id: RunId, kind: Kind) -> None:
    """Promise a message to the run, in the caller's transaction."""
    session.add(Outbox(run_id=run_id, kind=kind))
    await session.flush()


_PROMISED = text("SELECT EXISTS (SELECT 1 FROM outbox WHERE run_id = :run_id AND kind = :kind)")


async def enqueue_again(session: AsyncSession, run_id: RunId, kind: Kind) -> None:
    """Promise a message that was delivered before, unless it still waits for that."""
    if not await session.scalar(_PROMISED, {"run_id": run_id, "kind": kind}):
        await enqueue(session, run_id, kind)


# The lock is held while the message is delivered: another process skips the task instead of sending it twice, and a
# process that dies lets go of it. Only the first entry of a task is ever tried, so that the order holds (SKIP LOCKED
# with ORDER BY … LIMIT 1 would go on to the second). A start that is not admitted isn't even locked.
_IS_HELD = f"o.kind = 'start' AND EXISTS (SELECT 1 FROM runs r WHERE r.id = o.run_id AND {NOT_ADMITTED})"  # noqa: S608
_TAKE_FIRST = text(
    "SELECT o.id, o.run_id, o.kind, o.attempts FROM outbox o"  # noqa: S608  # only constants go in
    f" WHERE o.id = (SELECT min(id) FROM outbox WHERE run_id = :run_id) AND NOT ({_IS_HELD})"
    " FOR UPDATE OF o SKIP LOCKED"
)
_DUE = text(
    "SELECT o.run_id FROM outbox o WHERE o.next_attempt_at <= now() AND o.run_id IS NOT NULL"  # noqa: S608
    f" AND o.id = (SELECT min(id) FROM outbox f WHERE f.run_id = o.run_id) AND NOT ({_IS_HELD})"
    " ORDER BY o.next_attempt_at LIMIT :n"
)
_DELIVERED = text(
    "DELETE FROM outbox o WHERE id = :id"
    " RETURNING EXISTS (SELECT 1 FROM outbox p WHERE p.run_id = o.run_id AND p.id <> o.id)"
)
_RETRY_LATER = (
    "UPDATE outbox SET attempts = attempts + 1, last_error = :error,"
    " next_attempt_at = now() + LEAST(30, power(2, LEAST(attempts, 5))) * interval '1 second'"
)
_FAILED = text(f"{_RETRY_LATER} WHERE id = :id")


async def take_first(session: AsyncSession, run_id: RunId) -> Entry | None:
    """Lock the oldest entry of a run; None when there is none, another process delivers it, or it isn't admitted."""
    row = (await session.execute(_TAKE_FIRST, {"run_id": run_id})).one_or_none()
    return (
        None if row is None else Entry(id=row.id, run_id=RunId(str(row.run_id)), kind=row.kind, attempts=row.attempts)
    )


async def due(session: AsyncSession, limit: int) -> list[RunId]:
    """Tasks with entries that were not delivered in time."""
    return [RunId(str(run_id)) for run_id in await session.scalars(_DUE, {"n": limit})]


async def delivered(session: AsyncSession, entry: Entry) -> bool:
    """Drop an entry whose message has arrived; return whether another waits for the same task."""
    return bool(await session.scalar(_DELIVERED, {"id": entry.id}))


async def failed(session: AsyncSession, entry: Entry, error: str) -> None:
    """Record why an entry could not be delivered; it is retried after 1, 2, 4 … 30 s."""
    await session.execute(_FAILED, {"id": entry.id, "error": error[:500]})


_TAKE_SCHEDULE = text(
    "SELECT id FROM outbox"
    " WHERE id = (SELECT min(id) FROM outbox WHERE schedule_id = :schedule_id) FOR UPDATE SKIP LOCKED"
)
_SCHEDULES_DUE = text(
    "SELECT schedule_id FROM outbox WHERE next_attempt_at <= now() AND schedule_id IS NOT NULL"
    " GROUP BY schedule_id ORDER BY min(next_attempt_at) LIMIT :n"
)
_SCHEDULE_DELIVERED = text("DELETE FROM outbox WHERE schedule_id = :schedule_id AND id <= :id")
_SCHEDULE_FAILED = text(f"{_RETRY_LATER} WHERE schedule_id = :schedule_id AND id <= :id")
_NEWEST = text("SELECT max(id) FROM outbox WHERE schedule_id = :schedule_id")


@dataclass(frozen=True, slots=True)
class Change:
    """A schedule that Temporal has to be given again; its row is read when it is delivered."""

    id: int
    """The newest entry; it stands for all that were committed before."""
    schedule_id: ScheduleId


async def enqueue_schedule(session: AsyncSession, schedule_id: ScheduleId) -> None:
    """Promise Temporal what the row of a schedule says now, or that it is gone, in the caller's transaction."""
    session.add(Outbox(schedule_id=schedule_id, kind="schedule"))
    await session.flush()


async def take_schedule(session: AsyncSession, schedule_id: ScheduleId) -> Change | None:
    """Lock the changes of a schedule; None when there are none or another process delivers them."""
    if await session.scalar(_TAKE_SCHEDULE, {"schedule_id": schedule_id}) is None:
        return None
    return Change(int(await session.scalar(_NEWEST, {"schedule_id": schedule_id})), schedule_id)


async def schedules_due(session: AsyncSession, limit: int) -> list[ScheduleId]:
    """Schedules with changes that were not delivered in time."""
    return [ScheduleId(str(each)) for each in await session.scalars(_SCHEDULES_DUE, {"n": limit})]


async def schedule_delivered(session: AsyncSession, change: Change) -> None:
    """Drop the changes that Temporal has now."""
    await session.execute(_SCHEDULE_DELIVERED, {"schedule_id": change.schedule_id, "id": change.id})


async def schedule_failed(session: AsyncSession, change: Change, error: str) -> None:
    """Note why Temporal did not get a schedule; it is retried after 1, 2, 4 … 30 s."""
    parameters = {"schedule_id": change.schedule_id, "id": change.id, "error": error[:500]}
    await session.execute(_SCHEDULE_FAILED, parameters)


CANCEL_AGAIN_S = 10
"""How long a run may take to end after a cancel; then the cancel is repeated, for its subtasks too."""
CANCELS = 6
"""After so many cancels a run is terminated: a requested stop always happens."""
_CANCEL_AGAIN = text("""
WITH late AS (
    UPDATE runs t SET cancels_sent = LEAST(cancels_sent + 1, 1000), updated_at = now()
    WHERE status = 'cancelling' AND updated_at < now() - :seconds * interval '1 second'
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = t.id)
    RETURNING id)
INSERT INTO outbox (run_id, kind) SELECT id, 'cancel' FROM late
""")


async def cancel_again(session: AsyncSession) -> None:
    """Queue another cancel for each run that has not ended some time after the last one."""
    await session.execute(_CANCEL_AGAIN, {"seconds": CANCEL_AGAIN_S})


_CANCELLED_TREE = text("""
SELECT t.cancels_sent, ARRAY(SELECT s.path FROM subtasks s WHERE s.run_id = t.id AND s.status = ANY(:open)) AS paths
FROM runs t WHERE t.id = :id AND t.status = 'cancelling'
""")


async def cancelled_tree(session: AsyncSession, run_id: RunId) -> tuple[int, list[NodePath]]:
    """Return how often a task's cancel was sent again, and its open subtasks; (0, []) once it has ended.

    A subtask whose first call was refused has a run, and is pending all the same.
    """
    row = (await session.execute(_CANCELLED_TREE, {"id": run_id, "open": words(OPEN_SUBTASKS)})).one_or_none()
    return (0, []) if row is None else (row.cancels_sent, [NodePath(path) for path in row.paths])
