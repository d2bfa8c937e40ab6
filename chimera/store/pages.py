"""Pages of lists: the place where a page ends, and the rows after that place."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

Place = tuple[datetime, str]
"""The keyset of a page's last row: when it was created, and its id."""


async def newest(
    session: AsyncSession,
    rows: Select[*tuple[Any, ...]],
    created_at: SQLColumnExpression[datetime],
    id: SQLColumnExpression[str],
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


async def ordered(
    session: AsyncSession,
    rows: Select[*tuple[Any, ...]],
    key: SQLColumnExpression[Any],
    id: SQLColumnExpression[str],
    *,
    descending: bool,
    after: tuple[Any, str] | None,
    limit: int,
) -> tuple[list[Row[*tuple[Any, ...]]], tuple[Any, str] | None]:
    """Return up to `limit` rows in the order of `key`, and the place where they end if more follow.

    The rows must contain the two columns as `sort_key` and `id`.
    """
    if after is not None:
        place: ColumnElement[bool] = tuple_(key, id) < after if descending else tuple_(key, id) > after
        rows = rows.where(place)
    order = [column.desc() if descending else column.asc() for column in (key, id)]
    found = list((await session.execute(rows.order_by(*order).limit(limit + 1))).all())
    if len(found) <= limit:
        return found, None
    return found[:limit], (found[limit - 1].sort_key, found[limit - 1].id)
