"""Figures of model calls: in total, by day, by model, by agent and version."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.analytics.durations import durations_of
from chimera.ledger.analytics.figures import CALL_SUMS, call_figures
from chimera.ledger.analytics.window import Window, bars_in, by_days, failures_of, series_in, usage_in
from models.analytics import (
    MAX_GROUPS,
    AgentFigures,
    AgentPerformance,
    CallFigures,
    Durations,
    ModelFigures,
    Period,
    Point,
)
from models.task_counts import TodaysCost

Version = tuple[str, int]
"""The name of an agent and its version, which is 0 for built-in agents."""


async def summary(
    session: AsyncSession, window: Window
) -> tuple[CallFigures, tuple[ModelFigures, ...], tuple[AgentFigures, ...]]:
    """Return the figures of all attempts, of the most expensive models, and of the most expensive agents."""
    query = f"""
SELECT GROUPING(model, agent) AS left_out, model, agent, {CALL_SUMS}
FROM ({usage_in(window, ("model", "agent", "status", "simulated"))}) u
GROUP BY GROUPING SETS ((), (model), (agent)) HAVING sum(attempts) <> 0 OR GROUPING(model, agent) = 3
ORDER BY sum(cost_micro_usd) DESC, sum(attempts) DESC, 2, 3
"""  # noqa: S608  # only constants go in, here and below
    rows = await _rows(session, query, window)
    total = next(row for row in rows if row.left_out == 3)
    models = [row for row in rows if row.left_out == 1][:MAX_GROUPS]
    agents = [row for row in rows if row.left_out == 2][:MAX_GROUPS]
    return (
        CallFigures(**call_figures(total)),
        tuple(ModelFigures(model=row.model, **call_figures(row)) for row in models),
        tuple(AgentFigures(agent=row.agent, **call_figures(row)) for row in agents),
    )


async def by_day(session: AsyncSession, window: Window, zone: ZoneInfo) -> tuple[Point, ...]:
    """Return the figures of each day of a time zone that has attempts."""
    columns = "attempts, status, input_tokens, output_tokens, cost_micro_usd"
    query = f"""
SELECT d.date, u.* FROM unnest(%(dates)s::date[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
    AS d (date, begins, ends)
CROSS JOIN LATERAL (
    SELECT sum(attempts)::bigint AS attempts, sum(input_tokens)::bigint AS input_tokens,
           COALESCE(sum(attempts) FILTER (WHERE status = 'finished'), 0)::bigint AS finished,
           sum(output_tokens)::bigint AS output_tokens, sum(cost_micro_usd)::bigint AS cost_micro_usd
    FROM ({series_in(window, columns)}) s HAVING sum(attempts) <> 0) u
ORDER BY d.date
"""  # noqa: S608
    rows = await _rows(session, query, window, **by_days(window, zone))
    return tuple(Point(date=row.date, **{name: getattr(row, name) for name in _POINT}) for row in rows)


async def cost_in(session: AsyncSession, window: Window, period: Period) -> TodaysCost:
    """Return the cost of the attempts in a window, which is that of the period."""
    query = f"""
SELECT COALESCE(sum(cost_micro_usd), 0)::bigint AS cost_micro_usd,
       COALESCE(sum(cost_micro_usd) FILTER (WHERE simulated), 0)::bigint AS simulated_micro_usd,
       COALESCE(sum(in_doubt_micro_usd), 0)::bigint AS in_doubt_micro_usd
FROM ({usage_in(window, ("simulated",))}) u
"""  # noqa: S608
    (row,) = await _rows(session, query, window)
    return TodaysCost(period=period, **row._asdict())


async def latency(session: AsyncSession, window: Window) -> Durations:
    """Return the durations of finished attempts."""
    query = f"SELECT bar, sum(number)::bigint AS number FROM ({bars_in(window, 'call', ())}) b GROUP BY 1"  # noqa: S608
    return durations_of({row.bar: row.number for row in await _rows(session, query, window)})


async def performance(
    session: AsyncSession, window: Window, *, agent: str | None, after: Version | None, limit: int
) -> list[AgentPerformance]:
    """Return up to `limit` versions of agents after `after`: by name, and newest versions first."""
    only = {"agent": agent, "after_agent": after and after[0], "after_version": after and after[1], "limit": limit}
    rows = await _rows(session, _performance(window), window, **only)
    names = {"agents": sorted({row.agent for row in rows})}
    failures = await _failures(session, window, names)
    latencies = await _bars(session, window, "call", names)
    first_tokens = await _bars(session, window, "first_token", names)
    return [
        AgentPerformance(
            agent=row.agent,
            version=row.version or None,
            latency=durations_of(latencies[row.agent, row.version]),
            first_token=durations_of(first_tokens[row.agent, row.version]),
            failures=failures_of(failures[row.agent, row.version]),
            **call_figures(row),
        )
        for row in rows
    ]


def version_of(item: AgentPerformance) -> Version:
    """Return the place of a version in the list."""
    return item.agent, item.version or 0


_POINT = ("attempts", "finished", "input_tokens", "output_tokens", "cost_micro_usd")
_VERSION = "COALESCE(agent_version, 0)"


def _performance(window: Window) -> str:
    return f"""
SELECT agent, {_VERSION} AS version, {CALL_SUMS}
FROM ({usage_in(window, ("agent", "agent_version", "status", "simulated"))}) u
WHERE (%(agent)s::text IS NULL OR agent = %(agent)s)
  AND (%(after_agent)s::text IS NULL OR agent > %(after_agent)s
       OR agent = %(after_agent)s AND {_VERSION} < %(after_version)s)
GROUP BY 1, 2 HAVING sum(attempts) <> 0 ORDER BY 1, 2 DESC LIMIT %(limit)s
"""  # noqa: S608


async def _failures(session: AsyncSession, window: Window, names: Mapping[str, Any]) -> Mapping[Version, list[Any]]:
    query = f"""
SELECT agent, {_VERSION} AS version, COALESCE(error_code, status) AS code, sum(attempts)::bigint AS number
FROM ({usage_in(window, ("agent", "agent_version", "status", "error_code"))}) u
WHERE status NOT IN ('finished', 'cancelled') AND agent = ANY(%(agents)s::text[]) GROUP BY 1, 2, 3
"""  # noqa: S608
    return _grouped(await _rows(session, query, window, **names))


async def _bars(
    session: AsyncSession, window: Window, measure: str, names: Mapping[str, Any]
) -> Mapping[Version, Mapping[int, int]]:
    query = f"""
SELECT agent, {_VERSION} AS version, bar, sum(number)::bigint AS number
FROM ({bars_in(window, measure, ("agent", "agent_version"))}) b
WHERE agent = ANY(%(agents)s::text[]) GROUP BY 1, 2, 3
"""  # noqa: S608
    rows = _grouped(await _rows(session, query, window, **names))
    bars = {version: {row.bar: row.number for row in found} for version, found in rows.items()}
    return defaultdict(dict, bars)


def _grouped(rows: Sequence[Any]) -> Mapping[Version, list[Any]]:
    grouped: defaultdict[Version, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.agent, row.version].append(row)
    return grouped


async def _rows(session: AsyncSession, query: str, window: Window, **values: object) -> Sequence[Any]:
    return (await sql.execute(session, query, {**window.values, **values})).all()
