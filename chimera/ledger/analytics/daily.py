"""Usage by day of a time zone, user and model, newest day first, in pages."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.analytics.figures import CALL_SUMS, call_figures
from chimera.ledger.analytics.window import Window, day_of, days_of
from chimera.ledger.rollups import USAGE_SUMS
from models.analytics import DailyUsage
from models.ids import UserId

_COLUMNS = ", ".join(("owner_id", "model", "status", "simulated", *USAGE_SUMS))
_MINE = "owner_id = %(owner_id)s::uuid"
_EVERYONE = "owner_id IS NOT NULL"


@dataclass(frozen=True, slots=True)
class DailyPlace:
    """The place of a row in the list."""

    date: date
    user_id: str
    model: str


def _daily(owner: str, level: str) -> str:
    """Return the query. It reads day after day and stops at the end of the page."""
    return f"""
WITH pending AS MATERIALIZED (
    SELECT at, {_COLUMNS} FROM usage_changes
    WHERE {owner if owner == _MINE else "true"} AND at >= %(since)s AND at < %(until)s)
SELECT d.date, users.email, u.* FROM unnest(%(dates)s::date[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
    WITH ORDINALITY AS d (date, begins, ends, place)
CROSS JOIN LATERAL (
    SELECT owner_id, model, {CALL_SUMS} FROM (
        SELECT {_COLUMNS} FROM usage_rollups
        WHERE {owner} AND level = '{level}' AND at >= d.begins AND at < d.ends
        UNION ALL
        SELECT {_COLUMNS} FROM pending WHERE at >= d.begins AND at < d.ends) s
    WHERE d.date < %(after_date)s OR (owner_id, model) > (%(after_user)s::uuid, %(after_model)s)
    GROUP BY owner_id, model HAVING sum(attempts) <> 0 ORDER BY owner_id, model LIMIT %(limit)s) u
JOIN users ON users.id = u.owner_id
ORDER BY d.place, u.owner_id, u.model LIMIT %(limit)s
"""  # noqa: S608  # only constants go in


async def usage(
    session: AsyncSession, window: Window, zone: ZoneInfo, *, after: DailyPlace | None, limit: int
) -> list[DailyUsage]:
    """Return up to `limit` rows after `after`. If the window has no owner, rows of all users are included."""
    days = [day for day in days_of(window, zone) if after is None or day[0] <= after.date]
    owner = _EVERYONE if window.owner_id is None else _MINE
    level = "day" if all(begins == day_of(begins) and ends == day_of(ends) for _, begins, ends in days) else "slot"
    values = {
        **window.values,
        "dates": [day for day, _, _ in days],
        "begins": [begins for _, begins, _ in days],
        "ends": [ends for _, _, ends in days],
        "after_date": after.date if after else date.max,
        "after_user": after.user_id if after else None,
        "after_model": after.model if after else None,
        "limit": limit,
    }
    rows = (await sql.execute(session, _daily(owner, level), values)).all()
    return [_usage_in(row) for row in rows]


def place_of(row: DailyUsage) -> DailyPlace:
    """Return the place of a row in the list."""
    return DailyPlace(row.date, row.user_id, row.model)


def _usage_in(row: Any) -> DailyUsage:
    return DailyUsage(
        date=row.date,
        user_id=UserId(str(row.owner_id)),
        email=row.email,
        provider=row.model.partition("/")[0],
        model=row.model,
        **call_figures(row),
    )
