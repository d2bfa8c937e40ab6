"""API keys, with which programs sign in."""

from typing import Annotated

from pydantic import Field

from models.base import Body, Contract, UtcDatetime, Whole
from models.ids import ApiKeyId
from models.users import Scope

PREFIX = "ck_"
"""Every API key begins with this, so that secret scanners recognize it. No other token does."""

Scopes = Annotated[
    tuple[Scope, ...],
    Field(
        min_length=1,
        max_length=4,
        description="What the key may do. `read`: all requests that change nothing. `write`: everything that you may"
        " do, except administration and changes of accounts. `openai`: the OpenAI-compatible API below `/v1`. `admin`:"
        " administration (only for administrators). Without `admin`, the key of an administrator has the rights of a"
        " user.",
    ),
]


class ApiKeySpec(Body):
    """A new API key."""

    name: str = Field(min_length=1, max_length=120, description="Name of the program that uses the key")
    scopes: Scopes
    expires_in_days: Whole | None = Field(
        default=None, ge=1, le=3650, description="Days until the key expires. Default: it doesn't expire."
    )


class ApiKeyView(Contract):
    """An API key without its secret."""

    id: ApiKeyId
    name: str
    begins_with: str = Field(description="The first characters of the key, to recognize it by")
    scopes: tuple[Scope, ...]
    created_at: UtcDatetime
    expires_at: UtcDatetime | None = Field(description="When the key expires. `null` if it doesn't expire.")
    last_used_at: UtcDatetime | None = Field(
        description="When the key was last used, to the minute. `null` if it has not been used."
    )


class NewApiKey(ApiKeyView):
    """A new API key. The key itself is shown only in this response."""

    key: str = Field(description="The key. Store it now, because it can't be shown again.")


class ApiKeyPage(Contract):
    """A page of API keys, newest first."""

    items: tuple[ApiKeyView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")
