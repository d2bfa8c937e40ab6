"""Lists that the API returns page by page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

PAGE = 100

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


class Page(Protocol[Item_co]):
    """A page of items, and the cursor of the next page."""

    @property
    def items(self) -> Sequence[Item_co]: ...
    @property
    def next_cursor(self) -> str | None: ...


PageOf = Callable[[int, str | None], Awaitable[Page[Item]]]
"""Requests a page, given the maximum number of items and the cursor from the previous page."""


async def items_of(page_of: PageOf[Item], most: int | None = None) -> list[Item]:
    """Request pages until there are `most` items or no more pages."""
    items: list[Item] = []
    cursor: str | None = None
    while most is None or len(items) < most:
        page = await page_of(PAGE if most is None else min(PAGE, most - len(items)), cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return items
