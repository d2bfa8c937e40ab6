"""Which queued tasks may start: by priority, then by fair share between owners, then the oldest.

AI calls (embeddings, images, transcriptions) are one activity each and start at once.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, scalar
from chimera.ledger.turns import take_turn
from models.ids import RunId

OWN_PLACES = 2
"""An owner with fewer running tasks is admitted even when all places are taken: long tasks of others must not keep a
first one waiting. Twice as many tasks as there are places is the end of that."""

TURN_WAIT = timedelta(seconds=5)
"""For the admissions of other processes. One that hangs in its own keeps no connection here waiting for longer."""

RUNNING = "kind = 'task' AND (status IN ('running', 'cancelling') OR status = 'queued' AND admitted_at IS NOT NULL)"
"""Tasks that take a place. One that is paused, or waits for its budget, makes no calls."""
NOT_ADMITTED = "r.kind = 'task' AND r.admitted_at IS NULL AND r.status IN ('queued', 'paused')"
"""Tasks that have not begun and are not to be started yet."""
# A task whose start was refused waits for its next attempt without a place.
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
    """Admit queued tasks while fewer than `most` run; return them, to be started. None: no task waits.

    Every task that the outbox starts comes through here (a schedule's run starts its own), one process at a time, so
    that no new one overtakes the queue. Raises TimeoutError when other processes take too long.
    """
    state = (await sql.execute(session, _STATE, {"most": most})).one()
    if not state.are_waiting:
        return None
    if not state.has_room:
        return []
    await take_turn(session, "admission", TURN_WAIT)
    admitted = await sql.execute(session, _ADMIT, {"most": most})
    return [RunId(str(row.id)) for row in admitted]


_WITHDRAW = """
UPDATE runs SET admitted_at = NULL, updated_at = now() WHERE id = %(run_id)s AND kind = 'task' AND status = 'queued'
"""


async def withdraw(session: AsyncSession, run_id: RunId) -> None:
    """Give the place of a task back whose start was refused; it is admitted again when its next attempt is due.

    Only where certainly no run has begun: its start is held then, and every later message to it waits behind.
    """
    await sql.execute(session, _WITHDRAW, {"run_id": run_id})


# As `ranked` has it, in one pass over the counts of each owner instead of a sort of the whole queue: `share` is the
# task's own, and an owner's waiting tasks of its priority have the shares after `first`.
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
    """Return a queued task's place in the queue, 1 for the next; None for one that doesn't wait."""
    return await scalar(await connection.execute(_PLACE, {"run_id": run_id}))
