"""Which queued tasks may start: by priority, then by fair share between owners, then the oldest.

Calls of their own (embeddings, images, transcriptions) are one activity each and start at once.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, scalar
from models.ids import RunId

OWN_PLACES = 2
"""An owner with fewer running tasks is admitted even when all places are taken: long tasks of others must not keep a
first one waiting."""

RUNNING = "kind = 'task' AND (status IN ('running', 'cancelling') OR status = 'queued' AND admitted_at IS NOT NULL)"
"""Tasks that take a place. One that is paused, or waits for its budget, makes no calls."""
_WAITING = "kind = 'task' AND status = 'queued' AND admitted_at IS NULL"

_RANKED = f"""
 running AS (SELECT owner_id, count(*) AS n FROM runs WHERE {RUNNING} GROUP BY owner_id),
 waiting AS (
    SELECT r.id, r.priority, r.created_at, COALESCE(running.n, 0)
           + row_number() OVER (PARTITION BY r.owner_id ORDER BY r.priority, r.created_at, r.id) AS share
    FROM runs r LEFT JOIN running USING (owner_id) WHERE {_WAITING}),
 ranked AS (
    SELECT id, share, row_number() OVER (ORDER BY priority, share, created_at, id) AS place FROM waiting)"""  # noqa: S608

_ADMIT = text(f"""
WITH {_RANKED},
 room AS (SELECT :most - COALESCE(sum(n), 0) AS places FROM running)
UPDATE runs SET admitted_at = now(), updated_at = now() FROM ranked, room
WHERE runs.id = ranked.id AND runs.admitted_at IS NULL AND (ranked.place <= room.places OR ranked.share <= :own)
RETURNING runs.id
""")  # noqa: S608  # only constants go in
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('admission', 0))")


_IS_WAITED = text(f"SELECT EXISTS (SELECT 1 FROM runs WHERE {_WAITING})")  # noqa: S608  # only constants go in


async def admit(session: AsyncSession, most: int) -> list[RunId] | None:
    """Admit queued tasks while fewer than `most` run; return them, to be started. None: no task waits.

    One process at a time does this; another that comes meanwhile admits none.
    """
    if not await session.scalar(_IS_WAITED):
        return None
    if not await session.scalar(_TRY_LOCK):
        return []
    return [RunId(str(run_id)) for run_id in await session.scalars(_ADMIT, {"most": most, "own": OWN_PLACES})]


_PLACE = f"WITH {_RANKED} SELECT place FROM ranked WHERE id = %s"  # noqa: S608  # only constants go in


async def place_of(connection: Connection, run_id: RunId) -> int | None:
    """Return a queued task's place in the queue, 1 for the next; None for one that doesn't wait."""
    return await scalar(await connection.execute(_PLACE, (run_id,)))
