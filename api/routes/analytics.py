"""Routes for figures of model calls and runs, from the rollups."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import ClosedRoute, Parts, WithCaller, WithParts
from api.paging import Limit
from api.periods import PeriodQuery
from chimera.ledger.analytics import calls, daily, latencies, runs, system
from chimera.ledger.analytics.daily import DailyPlace
from chimera.ledger.analytics.window import bounded
from chimera.store import processes
from models.analytics import AgentsPerformance, DailyLatency, DailyUsage, DailyUsagePage, Overview, TaskFigures
from models.base import AGENT_NAME
from models.errors import Forbidden
from models.processes import SystemMetrics
from models.runs import RunKind
from models.users import Caller

router = APIRouter(prefix="/analytics", tags=["analytics"], route_class=ClosedRoute)

InPeriod = Annotated[PeriodQuery, Depends()]
Cursor = Annotated[str | None, Query(max_length=1000, description="The `next_cursor` of the previous page, unchanged")]


@router.get("/overview", operation_id="get_overview")
async def get_overview(wanted: InPeriod, caller: WithCaller, parts: WithParts) -> Overview:
    """Show the model calls, runs, tokens and cost of a period, in total and by day, model and agent."""
    period = wanted.period()
    async with _reading(parts) as session:
        window = await wanted.window(session, caller, period)
        total, by_model, by_agent = await calls.summary(session, window)
        return Overview(
            period=period,
            model_calls=total,
            latency=await calls.latency(session, window),
            runs=await runs.totals(session, window),
            by_model=by_model,
            by_agent=by_agent,
            days=await calls.by_day(session, window, ZoneInfo(period.time_zone)),
        )


@router.get("/agents/performance", operation_id="get_agents_performance")
async def get_agents_performance(
    wanted: InPeriod,
    caller: WithCaller,
    parts: WithParts,
    agent: Annotated[
        str | None, Query(max_length=60, pattern=AGENT_NAME, description="Name of the only agent that is shown")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> AgentsPerformance:
    """Show the success, latency, tokens and cost of agents, by version. Agents are listed by name, in pages."""
    period, of = wanted.period(), _of(caller, wanted, "agents", agent)
    after = None if cursor is None else tuple(from_json(parts.cursors.open_text(cursor, of)))
    async with _reading(parts) as session:
        window = await wanted.window(session, caller, period)
        found = await calls.performance(session, window, agent=agent, after=after, limit=limit + 1)
    items, end = found[:limit], found[limit - 1] if len(found) > limit else None
    return AgentsPerformance(
        period=period,
        items=tuple(items),
        next_cursor=end and parts.cursors.seal_text(to_json(calls.version_of(end)).decode(), of),
    )


@router.get("/tasks/analytics", operation_id="get_tasks_analytics")
async def get_tasks_analytics(
    wanted: InPeriod,
    caller: WithCaller,
    parts: WithParts,
    kind: Annotated[RunKind, Query(description="Kind of the runs that are counted")] = RunKind.TASK,
) -> TaskFigures:
    """Show how many tasks were created and how they ended, how long they took and waited, and why they failed."""
    period = wanted.period()
    async with _reading(parts) as session:
        window = await wanted.window(session, caller, period)
        return await runs.of_kind(session, window, kind, period)


@router.get("/usage/daily", operation_id="list_daily_usage", summary="List Daily Usage")
async def list_daily_usage(
    wanted: InPeriod, caller: WithCaller, parts: WithParts, limit: Limit = 100, cursor: Cursor = None
) -> DailyUsagePage:
    """List model calls, tokens and cost by day, user and model, newest day first.

    The period is extended to whole days of `time_zone`.
    """
    period, of = wanted.whole_days(), _of(caller, wanted, "daily")
    after = None if cursor is None else _daily_place(parts.cursors.open_text(cursor, of))
    async with _reading(parts) as session:
        window = await wanted.window(session, caller, period)
        found = await daily.usage(session, window, ZoneInfo(period.time_zone), after=after, limit=limit + 1)
    items, end = found[:limit], found[limit - 1] if len(found) > limit else None
    return DailyUsagePage(period=period, items=tuple(items), next_cursor=end and _sealed(parts, end, of))


@router.get("/latency/daily", operation_id="get_daily_latency")
async def get_daily_latency(
    wanted: InPeriod,
    caller: WithCaller,
    parts: WithParts,
    agent: Annotated[
        str | None, Query(max_length=60, pattern=AGENT_NAME, description="Name of the only agent that is shown")
    ] = None,
) -> DailyLatency:
    """Show how long model calls took, by day: to the first token and in total.

    The period is extended to whole days of `time_zone`.
    """
    period = wanted.whole_days()
    async with _reading(parts) as session:
        window = await wanted.window(session, caller, period)
        days = await latencies.daily(session, window, ZoneInfo(period.time_zone), agent)
    return DailyLatency(period=period, agent=agent, days=days)


@router.get("/system/metrics", operation_id="get_system_metrics")
async def get_system_metrics(caller: WithCaller, parts: WithParts) -> SystemMetrics:
    """Show the queues, and the processor time, memory, event loop and connections of each process.

    Only administrators can do this.
    """
    if caller.role != "admin":
        raise Forbidden("Only administrators can see the state of the installation.")
    async with _reading(parts) as session:
        at, queues = await system.queues(session)
        return SystemMetrics(at=at, queues=queues, processes=await processes.seen(session))


@asynccontextmanager
async def _reading(parts: Parts) -> AsyncIterator[AsyncSession]:
    async with parts.database.begin() as session:
        await bounded(session)
        yield session


def _of(caller: Caller, wanted: PeriodQuery, *rest: str | None) -> str:
    return to_json((caller.user_id, wanted.since, wanted.until, wanted.time_zone, wanted.user_id, *rest)).decode()


def _daily_place(text: str) -> DailyPlace:
    day, user_id, model = from_json(text)
    return DailyPlace(date.fromisoformat(day), user_id, model)


def _sealed(parts: Parts, row: DailyUsage, of: str) -> str:
    place = daily.place_of(row)
    return parts.cursors.seal_text(to_json((place.date.isoformat(), place.user_id, place.model)).decode(), of)
