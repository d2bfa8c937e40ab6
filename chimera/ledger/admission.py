"""Admission of queued tasks: in order of priority, then by fair share among owners, then by age.

AI calls (embeddings, images, transcriptions) consist of one activity each and start at once.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, scalar
from chimera.ledger.turns import take_turn
from models.ids import RunId

OWN_PLACES = 2
"""An owner with fewer running tasks than this is admitted even if all places are occupied, so that other owners' long
tasks don't keep the first ones waiting. This ends when twice as many tasks run as there are places."""

TURN_WAIT = timedelta(seconds=5)
"""How long to wait for other processes' admissions. If one of them hangs, no connection here waits any longer."""

RUNNING = "kind = 'task' AND (status IN ('running', 'cancelling') OR status = 'queued' AND admitted_at IS NOT NULL)"
"""Selects tasks that occupy a place. Tasks that are paused or wait for their budget don't, as they make no calls."""
NOT_ADMITTED = "r.kind = 'task' AND r.admitted_at IS NULL AND r.status IN ('queued', 'paused')"
"""Selects tasks that haven't started and may not be started yet."""
# A task whose start was rejected leaves the queue until its next attempt is due.
_WAITING = """r.kind = 'task' AND r.status = 'queued' AND r.admitted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM outbox o
    WHERE o.run_id = r.id AND o.kind = 'start' AND o.attempts > 0 AND o.next_attempt_at > now())"""

_RANKED = f"""
 running AS (SELECT owner_id, count(*) AS n FROM runs WHERE {RUNNING} GROUP BY owner_id),
 waiting AS (
    SELECT r.id, r.priority, r.created_at, COALESCE(running.n, 0)
           + row_number() OVER (PARTITION BY r.owner_id ORDER BY r.priority, r.created_at, r.id) AS share
    FROM runs r LEFT JOIN running USING (owner_id) WHERE {_WAITING}),
 ranked AS (
    SELECT id, share, row_number() OVER in_order AS place,
           count(*) FILTER (WHERE share <= {OWN_PLACES}) OVER in_order AS own_place
    FROM waiting WINDOW in_order AS (ORDER BY priority, share, created_at, id))"""  # noqa: S608

_ADMIT = f"""
WITH {_RANKED},
 room AS (SELECT %(most)s - COALESCE(sum(n), 0) AS places FROM running)
UPDATE runs SET admitted_at = now(), updated_at = now() FROM ranked, room
WHERE runs.id = ranked.id AND runs.status = 'queued' AND runs.admitted_at IS NULL
  AND (ranked.place <= room.places
       OR ranked.share <= {OWN_PLACES} AND ranked.own_place <= %(most)s + LEAST(room.places, 0))
RETURNING runs.id
"""  # noqa: S608  # only constants go in

_STATE = f"""
WITH owners AS (SELECT DISTINCT owner_id FROM runs r WHERE {_WAITING}),
 running AS (SELECT owner_id, count(*) AS n FROM runs WHERE {RUNNING} GROUP BY owner_id),
 total AS (SELECT COALESCE(sum(n), 0) AS n FROM running)
SELECT EXISTS (SELECT 1 FROM owners) AS are_waiting,
       total.n < %(most)s OR total.n < 2 * %(most)s AND EXISTS (
           SELECT 1 FROM owners LEFT JOIN running USING (owner_id) WHERE COALESCE(running.n, 0) < {OWN_PLACES}
       ) AS has_room
FROM total
"""  # noqa: S608  # only constants go in


async def admit(session: AsyncSession, most: int) -> list[RunId] | None:
    """Admit queued tasks while fewer than `most` are running. Return those to start, or None if no task is queued.

    Every task that the outbox starts is admitted here (scheduled runs start their own tasks). Only one process admits
    at a time, so that no new task overtakes the queue. Raises TimeoutError if other processes take too long.
    """
    state = (await sql.execute(session, _STATE, {"most": most})).one()
    if not state.are_waiting:
        return None
    if not state.has_room:
        return []
    await take_turn(session, "admission", TURN_WAIT)
    admitted = await sql.execute(session, _ADMIT, {"most": most})
    return [RunId(str(row.id)) for row in admitted]


_COUNTS = f"""
SELECT count(*) FILTER (WHERE {RUNNING}) AS running,
       count(*) FILTER (WHERE status = 'queued' AND admitted_at IS NULL) AS queued
FROM runs WHERE kind = 'task' AND status IN ('queued', 'running', 'cancelling')
"""  # noqa: S608


async def counts(session: AsyncSession) -> dict[str, int]:
    """Return how many tasks are `running`, and how many are `queued`."""
    row = (await sql.execute(session, _COUNTS, {})).one()
    return {"running": row.running, "queued": row.queued}


_WITHDRAW = """
UPDATE runs SET admitted_at = NULL, updated_at = now() WHERE id = %(run_id)s AND kind = 'task' AND status = 'queued'
"""


async def withdraw(session: AsyncSession, run_id: RunId) -> None:
    """Revoke the admission of a task whose start was rejected; it can be admitted again when its next attempt is due.

    Only call this if certainly no run has started. Until the task is admitted again, its start and all later messages
    to it stay in the outbox.
    """
    await sql.execute(session, _WITHDRAW, {"run_id": run_id})


# The same order as in `ranked`, but computed from counts per owner instead of by sorting the whole queue. `share` is
# the task's own share. An owner's waiting tasks with the same priority have the shares that follow `first`.
_PLACE = f"""
WITH mine AS (SELECT r.owner_id, r.priority, r.created_at, r.id FROM runs r WHERE r.id = %(run_id)s AND {_WAITING}),
 open AS (
    SELECT r.owner_id, r.priority, r.created_at, r.id, r.status = 'queued' AND r.admitted_at IS NULL AS waits
    FROM runs r WHERE r.kind = 'task' AND r.status IN ('queued', 'running', 'cancelling')
      AND NOT (r.status = 'queued' AND r.admitted_at IS NULL AND r.id IN (
          SELECT run_id FROM outbox WHERE kind = 'start' AND attempts > 0 AND next_attempt_at > now()))),
 owners AS (
    SELECT open.owner_id,
           count(*) FILTER (WHERE open.waits AND open.priority < mine.priority) AS urgent,
           count(*) FILTER (WHERE NOT open.waits OR open.priority < mine.priority) AS first,
           count(*) FILTER (WHERE open.waits AND open.priority = mine.priority) AS equal,
           count(*) FILTER (WHERE open.waits AND open.priority = mine.priority
                              AND (open.created_at, open.id) < (mine.created_at, mine.id)) AS older
    FROM open, mine GROUP BY open.owner_id),
 own AS (SELECT first + older + 1 AS share FROM owners JOIN mine USING (owner_id))
SELECT 1 + sum(urgent + LEAST(GREATEST(share - 1 - first, 0), equal)
               + CASE WHEN share - first BETWEEN 1 AND older THEN 1 ELSE 0 END)
FROM owners, own
"""  # noqa: S608  # only constants go in


async def place_of(connection: Connection, run_id: RunId) -> int | None:
    """Return a queued task's place in the queue (1: next), or None if the task isn't waiting for admission."""
    return await scalar(await connection.execute(_PLACE, {"run_id": run_id}))
