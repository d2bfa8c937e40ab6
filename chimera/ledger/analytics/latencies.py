"""How long model calls took, by day of a time zone."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.analytics.durations import durations_of
from chimera.ledger.analytics.window import Window, bars_by_day, by_days, days_of, pending_bars
from models.analytics import LatencyPoint


async def daily(session: AsyncSession, window: Window, zone: ZoneInfo, agent: str | None) -> tuple[LatencyPoint, ...]:
    """Return the durations of each day that has finished attempts, of all agents or of one."""
    query = f"""
WITH pending AS MATERIALIZED ({pending_bars(window)})
SELECT d.date, b.measure, b.bar, sum(b.number)::bigint AS number
FROM unnest(%(dates)s::date[], %(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS d (date, begins, ends)
CROSS JOIN LATERAL ({bars_by_day(window, list(days_of(window, zone)))}) b
WHERE %(agent)s::text IS NULL OR b.agent = %(agent)s
GROUP BY 1, 2, 3
"""  # noqa: S608  # only constants go in
    rows = await sql.execute(session, query, {**window.values, **by_days(window, zone), "agent": agent})
    bars: defaultdict[date, dict[str, dict[int, int]]] = defaultdict(lambda: {"call": {}, "first_token": {}})
    for row in rows:
        bars[row.date][row.measure][row.bar] = row.number
    points = (_point(day, bars[day]) for day in sorted(bars))
    return tuple(point for point in points if point.latency.count)


def _point(day: date, bars: Mapping[str, Mapping[int, int]]) -> LatencyPoint:
    return LatencyPoint(date=day, latency=durations_of(bars["call"]), first_token=durations_of(bars["first_token"]))
