"""Custom metrics: series, each with a name and labels, and their values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import MetricPoint, MetricSeries
from models.custom_metrics import MAX_SERIES, MetricFigures, MetricRecord
from models.errors import InvalidInput
from models.ids import UserId
from models.users import Caller

_PRUNED_AT_ONCE = 10_000


async def record(session: AsyncSession, caller: Caller, records: Sequence[MetricRecord]) -> None:
    """Store values. Raises InvalidInput if the caller would have more than `MAX_SERIES` series."""
    wanted = {_key(record.name, record.labels): record for record in records}
    known = await _known(session, caller.user_id)
    new = [wanted[key] for key in sorted(wanted) if key not in known]
    if len(known) + len(new) > MAX_SERIES:
        raise InvalidInput(
            "metrics",
            f"You can have at most {MAX_SERIES} combinations of names and labels. Use labels with fewer values.",
        )
    if new:
        rows = [{"owner_id": caller.user_id, "name": each.name, "labels": each.labels} for each in new]
        await session.execute(insert(MetricSeries).values(rows).on_conflict_do_nothing())
        known = await _known(session, caller.user_id)
    points = [
        {"series_id": known[_key(each.name, each.labels)], "at": each.at or func.now(), "value": each.value}
        for each in records
    ]
    await session.execute(insert(MetricPoint).values(points))


async def figures(
    session: AsyncSession,
    owner_id: UserId | None,
    since: datetime,
    until: datetime,
    *,
    name: str | None,
    after: int | None,
    limit: int,
) -> list[tuple[int, MetricFigures]]:
    """Return up to `limit` series of a user, or of all users, each with its number, which is above `after`."""
    series = select(MetricSeries).order_by(MetricSeries.id).limit(limit).where(MetricSeries.id > (after or 0))
    if owner_id is not None:
        series = series.where(MetricSeries.owner_id == owner_id)
    if name is not None:
        series = series.where(MetricSeries.name == name)
    chosen, value = series.subquery(), MetricPoint.value
    last = func.array_agg(aggregate_order_by(value, MetricPoint.at.desc(), MetricPoint.id.desc()))[1]
    joined = (MetricPoint.series_id == chosen.c.id) & (MetricPoint.at >= since) & (MetricPoint.at < until)
    rows = await session.execute(
        select(
            chosen.c.id,
            chosen.c.name,
            chosen.c.labels,
            func.count(value).label("count"),
            func.sum(value).label("sum"),
            func.min(value).label("minimum"),
            func.max(value).label("maximum"),
            func.avg(value).label("mean"),
            last.label("last"),
        )
        .select_from(chosen.outerjoin(MetricPoint, joined))
        .group_by(chosen.c.id, chosen.c.name, chosen.c.labels)
        .order_by(chosen.c.id)
    )
    return [(row.id, MetricFigures.model_validate(row._asdict())) for row in rows]


async def prune(session: AsyncSession, *, days: int) -> None:
    """Delete values that are older than some days, and series without values; at most 10,000 values at once."""
    too_old = MetricPoint.at < func.now() - timedelta(days=days)
    old = select(MetricPoint.id).where(too_old).limit(_PRUNED_AT_ONCE)
    await session.execute(delete(MetricPoint).where(MetricPoint.id.in_(old)))
    unused = (MetricSeries.created_at < func.now() - timedelta(days=days)) & ~(
        select(MetricPoint.id).where(MetricPoint.series_id == MetricSeries.id).exists()
    )
    await session.execute(delete(MetricSeries).where(unused))


Key = tuple[str, tuple[tuple[str, str], ...]]


def _key(name: str, labels: dict[str, str]) -> Key:
    return name, tuple(sorted(labels.items()))


async def _known(session: AsyncSession, owner_id: UserId) -> dict[Key, int]:
    rows = select(MetricSeries.id, MetricSeries.name, MetricSeries.labels).where(MetricSeries.owner_id == owner_id)
    return {_key(row.name, row.labels): row.id for row in await session.execute(rows)}
