"""Pages of lists, newest first: the place where a page ends, and the rows after that place."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

Place = tuple[datetime, str]
"""The keyset of a page's last row: when it was created, and its id."""


async def newest(
    session: AsyncSession,
    rows: Select[*tuple[Any, ...]],
    created_at: InstrumentedAttribute[datetime],
    id: InstrumentedAttribute[str],
    *,
    after: Place | None,
    limit: int,
) -> tuple[list[Row[*tuple[Any, ...]]], Place | None]:
    """Return up to `limit` rows after the place `after`, and the place where they end if more follow.

    The rows must contain their two key columns as `created_at` and `id`.
    """
    if after is not None:
        rows = rows.where(tuple_(created_at, id) < after)
    found = list((await session.execute(rows.order_by(created_at.desc(), id.desc()).limit(limit + 1))).all())
    if len(found) <= limit:
        return found, None
    return found[:limit], (found[limit - 1].created_at, found[limit - 1].id)
