"""The state of the queues, and totals since the beginning for Prometheus."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.analytics.figures import CALL_SUMS
from chimera.ledger.rollups import USAGE_SUMS
from models.processes import QueueFigures

_OPEN = """
SELECT kind, status, count(*) AS number FROM runs
WHERE status NOT IN ('completed', 'failed', 'cancelled') AND deleted_at IS NULL GROUP BY 1, 2
"""
_OUTBOX = """
SELECT now() AS at, (SELECT count(*) FROM outbox) AS waiting,
       (SELECT EXTRACT(epoch FROM now() - min(next_attempt_at - interval '5 seconds'))::float8 FROM outbox) AS oldest_s,
       (SELECT count(*) FROM (SELECT 1 FROM usage_changes LIMIT 10000) c) AS changes
"""


async def queues(session: AsyncSession) -> tuple[datetime, QueueFigures]:
    """Return the database's time, and the work that waits or is in progress."""
    row = (await sql.execute(session, _OUTBOX, {})).one()
    is_open: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for found in await sql.execute(session, _OPEN, {}):
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
