"""The rows of the system log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, cast, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import SystemLogEntry
from models.system_log import LogEntry

_PRUNED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class LogFilter:
    """The filter of a list of entries; `text` is searched for in the event and its fields."""

    level: str | None = None
    component: str | None = None
    since: datetime | None = None
    text: str | None = None


async def write(session: AsyncSession, entries: Sequence[dict[str, Any]]) -> None:
    """Store entries: rows with the columns of the table."""
    await session.execute(insert(SystemLogEntry), list(entries))


async def page(session: AsyncSession, only: LogFilter, *, before: int | None, limit: int) -> list[LogEntry]:
    """Return up to `limit` entries that are older than the one numbered `before`, newest first."""
    rows = select(SystemLogEntry).order_by(SystemLogEntry.id.desc()).limit(limit)
    if before is not None:
        rows = rows.where(SystemLogEntry.id < before)
    if only.level is not None:
        rows = rows.where(SystemLogEntry.level == only.level)
    if only.component is not None:
        rows = rows.where(SystemLogEntry.component == only.component)
    if only.since is not None:
        rows = rows.where(SystemLogEntry.at >= only.since)
    if only.text is not None:
        fields = func.lower(cast(SystemLogEntry.fields, Text))
        words = only.text.lower()
        rows = rows.where(
            or_(
                func.lower(SystemLogEntry.event).contains(words, autoescape=True),
                fields.contains(words, autoescape=True),
            )
        )
    return [
        LogEntry(
            id=row.id,
            at=row.at,
            level=row.level,
            component=row.component,
            event=row.event,
            fields=row.fields,
            request_id=row.request_id,
        )
        for row in await session.scalars(rows)
    ]


async def prune(session: AsyncSession, *, days: int, rows: int) -> None:
    """Delete entries that are older than some days, and all but the newest `rows`; at most 10,000 at once."""
    newest = await session.scalar(select(func.max(SystemLogEntry.id)))
    if newest is None:
        return
    too_old = func.now() - timedelta(days=days)
    superfluous = (
        select(SystemLogEntry.id)
        .where(or_(SystemLogEntry.at < too_old, SystemLogEntry.id <= newest - rows))
        .order_by(SystemLogEntry.id)
        .limit(_PRUNED_AT_ONCE)
    )
    await session.execute(delete(SystemLogEntry).where(SystemLogEntry.id.in_(superfluous)))
