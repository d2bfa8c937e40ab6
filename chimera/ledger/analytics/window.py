"""The rows of the rollups in a period: whole days by day, the rest by quarter of an hour, and what isn't folded yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

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
        """Yield the level, begin and end of each piece: whole days in UTC, and the slots before and after them."""
        first, last = _day_from(self.since), day_of(self.until)
        if first >= last:
            yield "slot", self.since, self.until
            return
        if self.since < first:
            yield "slot", self.since, first
        yield "day", first, last
        if last < self.until:
            yield "slot", last, self.until


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


def series_in(window: Window) -> str:
    """Return the SQL for rows of model calls by slot: `at`, `simulated`, `status`, and all columns of `USAGE_SUMS`."""
    columns = ", ".join(("at", "simulated", "status", *USAGE_SUMS))
    return f"""
    SELECT {columns} FROM usage_rollups WHERE {_is_owners(window)} AND level = 'total' AND {_BETWEEN}
    UNION ALL
    SELECT {columns} FROM usage_changes WHERE {_is_pending(window)} AND {_BETWEEN}"""  # noqa: S608  # only constants


_BETWEEN = "at >= %(since)s AND at < %(until)s"


def _union(
    window: Window, columns: str, table: str, changed: str, changes: str, in_table: str = "", in_changes: str = ""
) -> str:
    pieces = [
        f"SELECT {columns} FROM {table} WHERE {_is_owners(window)} AND level = '{level}'{in_table}"  # noqa: S608
        f" AND at >= %(since_{number})s AND at < %(until_{number})s"
        for number, (level, *_) in enumerate(window.pieces())
    ]
    pending = f"SELECT {changed} FROM {changes} WHERE {_is_pending(window)} AND {_BETWEEN}{in_changes}"  # noqa: S608
    return " UNION ALL ".join([*pieces, pending])


def _is_owners(window: Window) -> str:
    return "owner_id IS NULL" if window.owner_id is None else "owner_id = %(owner_id)s::uuid"


def _is_pending(window: Window) -> str:
    return "true" if window.owner_id is None else "owner_id = %(owner_id)s::uuid"


def day_of(time: datetime) -> datetime:
    """Return the beginning of the day in UTC that contains a time."""
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_from(time: datetime) -> datetime:
    day = day_of(time)
    return day if day == time else day + DAY


_BOUNDS = "SELECT set_config('statement_timeout', '20s', true), set_config('jit', 'off', true)"


async def bounded(session: AsyncSession) -> None:
    """Limit the time of each query in this transaction. Compiling a query would take longer than running it."""
    await sql.execute(session, _BOUNDS, {})


def failures_of(rows: Sequence[Any]) -> Mapping[str, int]:
    """Return the numbers of rows with `code` and `number`, without the zeros that corrections leave."""
    return {row.code: int(row.number) for row in rows if row.number}
