"""The base of every page of a list."""

from pydantic import Field

from models.base import Contract


class Page(Contract):
    """A page of a list."""

    next_cursor: str | None = Field(
        default=None, description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
