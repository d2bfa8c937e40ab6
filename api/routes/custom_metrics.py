"""Routes for custom metrics: values that users and their programs record."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from api.deps import ClosedRoute, WithCaller, WithParts
from api.idempotency import WithKey
from api.paging import Limit
from api.periods import PeriodQuery
from chimera.ledger.analytics.window import bounded
from chimera.store import custom_metrics
from models.base import METRIC_NAME
from models.custom_metrics import MetricPage, MetricRecords, MetricsRecorded

router = APIRouter(prefix="/analytics/metrics", tags=["analytics"], route_class=ClosedRoute)


@router.post("/record", operation_id="record_metrics", status_code=status.HTTP_201_CREATED)
async def record_metrics(body: MetricRecords, caller: WithCaller, parts: WithParts, keyed: WithKey) -> MetricsRecorded:
    """Record values of your own metrics, for example the scores of reviews."""
    view = MetricsRecorded(recorded=len(body.metrics))
    async with parts.database.begin() as session:
        await custom_metrics.record(session, caller, parts.settings, body.metrics)
        await keyed.made(session, view, status.HTTP_201_CREATED)
    return view


@router.get("", operation_id="list_metrics", summary="List Custom Metrics")
async def list_metrics(
    wanted: Annotated[PeriodQuery, Depends()],
    caller: WithCaller,
    parts: WithParts,
    name: Annotated[
        str | None, Query(pattern=METRIC_NAME, description="Name of the only metric that is listed")
    ] = None,
    limit: Limit = 100,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="The `next_cursor` of the previous page, unchanged")
    ] = None,
) -> MetricPage:
    """List custom metrics with the number, sum, mean, extremes and latest of their values in a period."""
    period, of = wanted.period(), f"metrics {caller.user_id} {wanted.user_id} {name}"
    after = None if cursor is None else int(parts.cursors.open_text(cursor, of))
    async with parts.database.begin() as session:
        await bounded(session)
        window = await wanted.window(session, caller, period)
        found = await custom_metrics.figures(
            session, window.owner_id, period.since, period.until, name=name, after=after, limit=limit + 1
        )
    items = found[:limit]
    return MetricPage(
        items=tuple(figures for _, figures in items),
        next_cursor=parts.cursors.seal_text(str(items[-1][0]), of) if len(found) > limit else None,
    )
