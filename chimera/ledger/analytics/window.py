"""The rows of the rollups in a period: whole months and days, the slots before and after, and what isn't folded yet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.rollups import RUN_SUMS, SLOT_S, USAGE_SUMS, bar_of
from models.ids import UserId

SLOT = timedelta(seconds=SLOT_S)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A period in whole slots, and whose rows count in it; `owner_id` None means those of all users together."""

    owner_id: UserId | None
    since: datetime
    until: datetime

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of all statements that are built here."""
        pieces = {
            f"{name}_{number}": time
            for number, (_, *times) in enumerate(self.pieces())
            for name, time in zip(("since", "until"), times, strict=True)
        }
        return {"owner_id": self.owner_id, "since": self.since, "until": self.until, **pieces}

    def pieces(self) -> Iterator[tuple[str, datetime, datetime]]:
        """Yield the level, begin and end of each piece: whole months and days in UTC, and the slots around them."""
        yield from _pieces(self.since, self.until, _LEVELS)


def day_of(time: datetime) -> datetime:
    """Return the beginning of the day in UTC that contains a time."""
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_from(time: datetime) -> datetime:
    day = day_of(time)
    return day if day == time else day + DAY


def _month_of(time: datetime) -> datetime:
    return day_of(time).replace(day=1)


def _month_from(time: datetime) -> datetime:
    month = _month_of(time)
    return month if month == time else _month_of(month + timedelta(days=32))


def _itself(time: datetime) -> datetime:
    return time


_Level = tuple[str, Callable[[datetime], datetime], Callable[[datetime], datetime]]
_LEVELS: tuple[_Level, ...] = (
    ("month", _month_from, _month_of),
    ("day", _day_from, day_of),
    ("slot", _itself, _itself),
)
"""The levels, coarsest first, each with the first period that begins after a time, and the last one before it."""


def _pieces(since: datetime, until: datetime, levels: Sequence[_Level]) -> Iterator[tuple[str, datetime, datetime]]:
    if since >= until:
        return
    (level, first, last), *finer = levels
    begins, ends = first(since), last(until)
    if begins >= ends:
        yield from _pieces(since, until, finer)
        return
    yield from _pieces(since, begins, finer)
    yield level, begins, ends
    yield from _pieces(ends, until, finer)


def days_of(window: Window, zone: ZoneInfo) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield the days of a time zone in the window, newest first, each with its begin and end there.

    A day in which the clocks change has 23 or 25 hours.
    """
    day = (window.until - timedelta(microseconds=1)).astimezone(zone).date()
    while (ends := _midnight(day + timedelta(days=1), zone)) > window.since:
        yield day, max(_midnight(day, zone), window.since), min(ends, window.until)
        day -= timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def usage_in(window: Window, dimensions: Sequence[str]) -> str:
    """Return the SQL for rows of model calls: these dimensions, and all columns of `USAGE_SUMS`."""
    columns = ", ".join((*dimensions, *USAGE_SUMS))
    return _union(window, columns, "usage_rollups", columns, "usage_changes")


def runs_in(window: Window, dimensions: Sequence[str]) -> str:
    """Return the SQL for rows of runs: these dimensions, and all columns of `RUN_SUMS`."""
    columns = ", ".join((*dimensions, *RUN_SUMS))
    changed = columns.replace("duration_ms", "COALESCE(duration_ms, 0) * runs")
    return _union(window, columns, "run_rollups", changed, "run_changes")


_MEASURED = {
    "call": ("usage_changes", "latency_ms", "attempts"),
    "first_token": ("usage_changes", "first_token_ms", "attempts"),
    "run": ("run_changes", "duration_ms", "runs"),
    "waited": ("run_changes", "NULLIF(abs(waited_ms), 0)", "runs"),
}


def bars_in(window: Window, measure: str, dimensions: Sequence[str]) -> str:
    """Return the SQL for bars of a histogram: these dimensions, `bar` and `number`. Runs have only a `kind`."""
    table, column, number = _MEASURED[measure]
    columns = ", ".join((*dimensions, "bar", "number"))
    changed = ", ".join((*dimensions, f"{bar_of(column)} AS bar", f"{number} AS number"))
    only = f" AND {column} IS NOT NULL"
    return _union(window, columns, "latencies", changed, table, f" AND measure = '{measure}'", only)


def series_in(window: Window, columns: str) -> str:
    """Return the SQL for rows of model calls in the time from `d.begins` to `d.ends`, without agents and models."""
    between = "at >= d.begins AND at < d.ends"
    return f"""
    SELECT {columns} FROM usage_rollups WHERE {_is_owners(window, "total")} AND level = 'total' AND {between}
    UNION ALL
    SELECT {columns} FROM usage_changes WHERE {_is_pending(window)} AND {between}"""  # noqa: S608  # only constants


def bars_by_day(window: Window, days: Sequence[tuple[date, datetime, datetime]]) -> str:
    """Return the SQL for bars of calls, from `d.begins` to `d.ends`: `measure`, `bar`, `number` and `agent`.

    `days` are those of `days_of`. The statement needs a table `pending` with the rows of `pending_bars`.
    """
    whole = all(begins == day_of(begins) and ends == day_of(ends) for _, begins, ends in days)
    level = "day" if whole else "slot"
    between = "at >= d.begins AND at < d.ends"
    return f"""
    SELECT measure, bar, number, agent FROM latencies
    WHERE {_is_owners(window, level)} AND level = '{level}' AND measure IN ('call', 'first_token') AND {between}
    UNION ALL
    SELECT measure, bar, number, agent FROM pending WHERE {between}"""  # noqa: S608  # only constants


def pending_bars(window: Window) -> str:
    """Return the SQL for bars of calls that aren't folded yet, with `at` and the columns of `bars_by_day`."""
    return f"""
    SELECT at, agent, m.measure, {bar_of("m.ms")} AS bar, attempts AS number FROM usage_changes
    CROSS JOIN LATERAL (VALUES ('call', latency_ms), ('first_token', first_token_ms)) AS m (measure, ms)
    WHERE {_is_pending(window)} AND {_BETWEEN} AND m.ms IS NOT NULL"""  # noqa: S608  # only constants


def by_days(window: Window, zone: ZoneInfo) -> dict[str, Any]:
    """Return the parameters `dates`, `begins` and `ends`: the days of a time zone in the window, newest first."""
    days = list(days_of(window, zone))
    names = ("dates", "begins", "ends")
    return {name: [day[place] for day in days] for place, name in enumerate(names)}


_BETWEEN = "at >= %(since)s AND at < %(until)s"


def _union(
    window: Window, columns: str, table: str, changed: str, changes: str, in_table: str = "", in_changes: str = ""
) -> str:
    pieces = [
        f"SELECT {columns} FROM {table} WHERE {_is_owners(window, level)} AND level = '{level}'{in_table}"  # noqa: S608
        f" AND at >= %(since_{number})s AND at < %(until_{number})s"
        for number, (level, *_) in enumerate(window.pieces())
    ]
    pending = f"SELECT {changed} FROM {changes} WHERE {_is_pending(window)} AND {_BETWEEN}{in_changes}"  # noqa: S608
    return " UNION ALL ".join([*pieces, pending])


def _is_owners(window: Window, level: str) -> str:
    if window.owner_id is not None:
        return "owner_id = %(owner_id)s::uuid"
    return "owner_id IS NOT NULL" if level == "slot" else "owner_id IS NULL"


def _is_pending(window: Window) -> str:
    return "true" if window.owner_id is None else "owner_id = %(owner_id)s::uuid"


_BOUNDS = """
SELECT set_config('statement_timeout', '20s', true), set_config('jit', 'off', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
"""


async def bounded(session: AsyncSession) -> None:
    """Limit the time of each query in this transaction, and have it planned for its own period and user.

    Compiling a query would take longer than running it.
    """
    await sql.execute(session, _BOUNDS, {})


def failures_of(rows: Sequence[Any]) -> Mapping[str, int]:
    """Return the numbers of rows with `code` and `number`, without the zeros that corrections leave."""
    return {row.code: int(row.number) for row in rows if row.number}
