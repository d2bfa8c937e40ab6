"""The state of the queues, and totals since the beginning for Prometheus."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import words
from chimera.ledger.analytics.figures import CALL_SUMS
from chimera.ledger.outbox import IS_HELD
from chimera.ledger.rollups import USAGE_SUMS
from models.processes import QueueFigures
from models.runs import OPEN

# The statuses are constants, as in the condition of the index `runs_open`.
_STATUSES = ", ".join(f"'{each}'" for each in words(OPEN))
OPEN_RUNS = f"""
SELECT kind, status, count(*) AS number FROM runs WHERE status IN ({_STATUSES}) AND deleted_at IS NULL GROUP BY 1, 2
"""  # noqa: S608  # only constants go in, here and below
_OUTBOX = f"""
SELECT now() AS at, (SELECT count(*) FROM outbox) AS waiting,
       (SELECT EXTRACT(epoch FROM now() - min(e.created_at))::float8 FROM outbox e
        WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = e.run_id AND {IS_HELD})) AS oldest_s,
       (SELECT count(*) FROM (SELECT 1 FROM usage_changes LIMIT 10000) c) AS changes
"""  # noqa: S608


async def queues(session: AsyncSession) -> tuple[datetime, QueueFigures]:
    """Return the database's time, and the work that waits or is in progress."""
    row = (await sql.execute(session, _OUTBOX, {})).one()
    is_open: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for found in await sql.execute(session, OPEN_RUNS, {}):
        is_open[found.kind][found.status] = found.number
    oldest = None if row.oldest_s is None else max(0.0, round(row.oldest_s, 1))
    return row.at, QueueFigures(runs_open=is_open, outbox=row.waiting, outbox_oldest_s=oldest, changes=row.changes)


_COLUMNS = ", ".join(("split_part(model, '/', 1) AS provider", "status", "simulated", *USAGE_SUMS))
_CALLS = f"""
SELECT provider, {CALL_SUMS} FROM (
    SELECT {_COLUMNS} FROM usage_rollups WHERE owner_id IS NULL AND level = 'month'
    UNION ALL SELECT {_COLUMNS} FROM usage_changes) u
GROUP BY 1 ORDER BY 1
"""  # noqa: S608  # only constants go in
_RUNS = """
SELECT kind, status, sum(runs)::bigint AS number FROM (
    SELECT kind, status, runs FROM run_rollups WHERE owner_id IS NULL AND level = 'month'
    UNION ALL SELECT kind, status, runs FROM run_changes) r
GROUP BY 1, 2 ORDER BY 1, 2
"""


async def call_totals(session: AsyncSession) -> Sequence[Any]:
    """Return the sums of all model calls by provider: rows with `provider` and the columns of `CALL_SUMS`."""
    return (await sql.execute(session, _CALLS, {})).all()


async def run_totals(session: AsyncSession) -> Sequence[Any]:
    """Return the number of runs that were created or ended: rows with `kind`, `status` and `number`."""
    return (await sql.execute(session, _RUNS, {})).all()
