"""Parameters of paged lists, the same for all of them, and pages of lists that are read as a whole."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic_core import from_json, to_json

from api.cursors import Cursors
from models.shares import Shared

MAX_PAGE = 100
MAX_CURSOR = 2_000
"""Characters. A cursor may contain an e-mail address of 254 characters, each of several bytes."""

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Maximum number of items per page")]
Cursor = Annotated[
    str | None, Query(max_length=MAX_CURSOR, description="Value of `next_cursor` from the previous page")
]

WithShared = Annotated[
    Shared | None,
    Query(
        description="Return only your own objects (`mine`), only those that others share with you (`shared`), or both"
        " (`all`). Default: your own; for administrators, those of all users."
    ),
]

_Item = TypeVar("_Item")


def not_a_number(value: str) -> str:
    """Raise ValueError for a time that is a number, which pydantic would read as seconds or milliseconds."""
    try:
        float(value)
    except ValueError:
        return value
    raise ValueError("Send a date and time, such as 2026-11-23T07:00:00Z.")


def slice_of(
    cursors: Cursors,
    items: Sequence[_Item],
    place_of: Callable[[_Item], list[int | str]],
    *,
    of: str,
    cursor: str | None,
    limit: int,
) -> tuple[tuple[_Item, ...], str | None]:
    """Return a page of a short list, and the cursor for the next page if more follow.

    `place_of` returns a sort key that also identifies the item, and `of` identifies the list. Items that are added or
    removed between two pages don't move the others. Raises InvalidInput for a cursor of another list.
    """
    ordered = sorted(items, key=place_of)
    if cursor is not None:
        after = from_json(cursors.open_text(cursor, of))
        ordered = [item for item in ordered if place_of(item) > after]
    page = tuple(ordered[:limit])
    if len(ordered) <= limit:
        return page, None
    return page, cursors.seal_text(to_json(place_of(page[-1])).decode(), of)
