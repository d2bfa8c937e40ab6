"""Custom metrics: series, each with a name and labels, and their values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.tables import MetricPoint, MetricSeries
from chimera.ledger.turns import take_turn, turn_of
from chimera.store import user_limits
from chimera.store.user_limits import AT_ONCE, UserLimit
from models.custom_metrics import MAX_POINTS, MAX_SERIES, MetricFigures, MetricRecord
from models.errors import InvalidInput, TooBusy
from models.ids import UserId
from models.users import Caller

_PRUNED_AT_ONCE = 10_000
_AHEAD = timedelta(days=1)
"""How far in the future the time of a value may be: clocks differ."""
_TURN_WAIT = timedelta(seconds=5)

Key = tuple[str, tuple[tuple[str, str], ...]]

METRIC_VALUES_LIMIT = UserLimit(
    "max_metric_values",
    "values of custom metrics",
    "wait until older values are deleted",
    select(func.count())
    .select_from(MetricPoint)
    .join(MetricSeries, MetricSeries.id == MetricPoint.series_id)
    .where(MetricSeries.owner_id == bindparam("owner_id")),
    near=AT_ONCE * MAX_POINTS,
)


async def record(session: AsyncSession, caller: Caller, settings: Settings, records: Sequence[MetricRecord]) -> None:
    """Store values.

    Raises InvalidInput for a time in the future or more than `MAX_SERIES` series, LimitReached if the caller would have
    too many values, and TooBusy if the caller's other requests take too long.
    """
    await _check_times(session, records)
    wanted = {_key(record.name, record.labels): record for record in records}
    known = await _known(session, caller.user_id)
    if any(key not in known for key in wanted):
        known = await _with_new(session, caller.user_id, wanted)
    points = [
        {"series_id": known[_key(each.name, each.labels)], "at": each.at or func.now(), "value": each.value}
        for each in records
    ]
    await session.execute(insert(MetricPoint).values(points))
    await user_limits.check_added(session, caller.user_id, METRIC_VALUES_LIMIT, settings, len(points))


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
    rows = await session.execute(figures_query(owner_id, since, until, name=name, after=after, limit=limit))
    return [(row.id, MetricFigures.model_validate(row._asdict())) for row in rows]


def figures_query(
    owner_id: UserId | None, since: datetime, until: datetime, *, name: str | None, after: int | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """Return the query of `figures`."""
    series = select(MetricSeries).order_by(MetricSeries.id).limit(limit).where(MetricSeries.id > (after or 0))
    if owner_id is not None:
        series = series.where(MetricSeries.owner_id == owner_id)
    if name is not None:
        series = series.where(MetricSeries.name == name)
    chosen, value = series.subquery(), MetricPoint.value
    in_period = (MetricPoint.series_id == chosen.c.id, MetricPoint.at >= since, MetricPoint.at < until)
    figures = (
        select(
            func.count(value).label("count"),
            func.sum(value).label("sum"),
            func.min(value).label("minimum"),
            func.max(value).label("maximum"),
            func.avg(value).label("mean"),
        )
        .where(*in_period)
        .lateral("figures")
    )
    # Read from the end of the index, so that it costs the same for any number of values.
    last = select(value).where(*in_period).order_by(MetricPoint.at.desc(), MetricPoint.id.desc()).limit(1)
    return (
        select(
            chosen.c.id,
            chosen.c.owner_id.label("user_id"),
            chosen.c.name,
            chosen.c.labels,
            *figures.c,
            last.scalar_subquery().label("last"),
        )
        .join_from(chosen, figures, true())
        .order_by(chosen.c.id)
    )


async def prune(session: AsyncSession, *, days: int) -> None:
    """Delete values that are older than some days, and series without values; at most 10,000 values at once."""
    too_old = MetricPoint.at < func.now() - timedelta(days=days)
    old = select(MetricPoint.id).where(too_old).limit(_PRUNED_AT_ONCE)
    await session.execute(delete(MetricPoint).where(MetricPoint.id.in_(old)))
    unused = (MetricSeries.created_at < func.now() - timedelta(days=days)) & ~(
        select(MetricPoint.id).where(MetricPoint.series_id == MetricSeries.id).exists()
    )
    await session.execute(delete(MetricSeries).where(unused))


def _key(name: str, labels: dict[str, str]) -> Key:
    return name, tuple(sorted(labels.items()))


async def _check_times(session: AsyncSession, records: Sequence[MetricRecord]) -> None:
    """Raise InvalidInput for a time that is more than `_AHEAD` in the future, by the database's clock."""
    if all(each.at is None for each in records):
        return
    latest = await session.scalar(select(func.now() + _AHEAD))
    assert latest is not None
    for number, each in enumerate(records):
        if each.at is not None and each.at > latest:
            raise InvalidInput(
                f"metrics.{number}.at", f"The time {each.at.isoformat()!r} is in the future. Use a time in the past."
            )


async def _with_new(session: AsyncSession, owner_id: UserId, wanted: Mapping[Key, MetricRecord]) -> dict[Key, int]:
    """Add the series that a user doesn't have yet; return all of them. Raises InvalidInput and TooBusy as `record`."""
    try:
        # Until the transaction ends, no other request of the user adds series: those couldn't be counted yet.
        await take_turn(session, turn_of("metric_series", owner_id), _TURN_WAIT)
    except TimeoutError as error:
        raise TooBusy("requests from this user") from error
    known = await _known(session, owner_id)
    new = [wanted[key] for key in sorted(wanted) if key not in known]
    if len(known) + len(new) > MAX_SERIES:
        raise InvalidInput(
            "metrics",
            f"You can have at most {MAX_SERIES} combinations of names and labels. Use labels with fewer values.",
        )
    if not new:
        return known
    rows = [{"owner_id": owner_id, "name": each.name, "labels": each.labels} for each in new]
    await session.execute(insert(MetricSeries).values(rows).on_conflict_do_nothing())
    return await _known(session, owner_id)


async def _known(session: AsyncSession, owner_id: UserId) -> dict[Key, int]:
    rows = select(MetricSeries.id, MetricSeries.name, MetricSeries.labels).where(MetricSeries.owner_id == owner_id)
    return {_key(row.name, row.labels): row.id for row in await session.execute(rows)}
