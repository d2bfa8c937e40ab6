"""Figures of runs: how many were created and how they ended, how long they took and waited."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.analytics.durations import durations_of
from chimera.ledger.analytics.figures import rate
from chimera.ledger.analytics.window import Window, bars_in, failures_of, runs_in
from models.analytics import Durations, Period, RunFigures, TaskFigures
from models.runs import RunKind

_ENDED = "status <> 'created'"
_SUMS = f"""
    COALESCE(sum(runs) FILTER (WHERE status = 'created'), 0)::bigint AS created,
    COALESCE(sum(runs) FILTER (WHERE status = 'completed'), 0)::bigint AS completed,
    COALESCE(sum(runs) FILTER (WHERE status = 'failed'), 0)::bigint AS failed,
    COALESCE(sum(runs) FILTER (WHERE status = 'cancelled'), 0)::bigint AS cancelled,
    COALESCE(sum(runs) FILTER (WHERE {_ENDED} AND simulated), 0)::bigint AS simulated,
    COALESCE(sum(runs) FILTER (WHERE {_ENDED}), 0)::bigint AS ended,
    COALESCE(sum(retries), 0)::bigint AS retries, COALESCE(sum(queued_ms), 0)::bigint AS queued_ms,
    COALESCE(sum(waited_ms), 0)::bigint AS waited_ms"""
_IS_KIND = "(%(kind)s::text IS NULL OR kind = %(kind)s)"
_OPEN = """
SELECT status AS code, count(*) AS number FROM runs
WHERE status IN ('queued', 'running', 'paused', 'waiting', 'cancelling') AND deleted_at IS NULL AND kind = %(kind)s
  AND (%(owner_id)s::uuid IS NULL OR owner_id = %(owner_id)s::uuid)
GROUP BY 1
"""


async def totals(session: AsyncSession, window: Window) -> RunFigures:
    """Return the figures of runs of all kinds."""
    row = await _sums(session, window, None)
    return RunFigures(**_figures(row), duration=await _durations(session, window, "run", None))


async def of_kind(session: AsyncSession, window: Window, kind: RunKind, period: Period) -> TaskFigures:
    """Return the figures of one kind of run."""
    row = await _sums(session, window, kind)
    source = runs_in(window, ("kind", "status", "error_code"))
    query = f"""
SELECT COALESCE(error_code, 'failed') AS code, sum(runs)::bigint AS number FROM ({source}) r
WHERE status = 'failed' AND {_IS_KIND} GROUP BY 1
"""  # noqa: S608  # only constants go in, here and below
    failures = (await sql.execute(session, query, {**window.values, "kind": kind})).all()
    is_open = (await sql.execute(session, _OPEN, {"owner_id": window.owner_id, "kind": kind})).all()
    return TaskFigures(
        period=period,
        kind=kind,
        simulated=row.simulated,
        retries=row.retries,
        mean_queued_ms=round(row.queued_ms / row.ended) if row.ended > 0 else None,
        waited=await _durations(session, window, "waited", kind),
        waited_ms=row.waited_ms,
        failures=failures_of(failures),
        open_now=failures_of(is_open),
        duration=await _durations(session, window, "run", kind),
        **_figures(row),
    )


def _figures(row: Any) -> dict[str, Any]:
    return {
        "created": row.created,
        "completed": row.completed,
        "failed": row.failed,
        "cancelled": row.cancelled,
        "success_rate": rate(row.completed, row.completed + row.failed),
    }


async def _sums(session: AsyncSession, window: Window, kind: RunKind | None) -> Any:
    query = f"SELECT {_SUMS} FROM ({runs_in(window, ('kind', 'status', 'simulated'))}) r WHERE {_IS_KIND}"  # noqa: S608
    return (await sql.execute(session, query, {**window.values, "kind": kind})).one()


async def _durations(session: AsyncSession, window: Window, measure: str, kind: RunKind | None) -> Durations:
    query = f"""
SELECT bar, sum(number)::bigint AS number FROM ({bars_in(window, measure, ("kind",))}) b WHERE {_IS_KIND} GROUP BY 1
"""  # noqa: S608
    rows = (await sql.execute(session, query, {**window.values, "kind": kind})).all()
    return durations_of({row.bar: row.number for row in rows})
