"""Lists that the API gives page by page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

PAGE = 100

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


class Page(Protocol[Item_co]):
    """Some items, and where the next ones begin."""

    @property
    def items(self) -> Sequence[Item_co]: ...
    @property
    def next_cursor(self) -> str | None: ...


PageOf = Callable[[int, str | None], Awaitable[Page[Item]]]
"""Asks for a page: of at most so many items, behind a cursor."""


async def items_of(page_of: PageOf[Item], most: int | None = None) -> list[Item]:
    """Turn pages until there are `most` items, or no more."""
    items: list[Item] = []
    cursor: str | None = None
    while most is None or len(items) < most:
        page = await page_of(PAGE if most is None else min(PAGE, most - len(items)), cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return items
