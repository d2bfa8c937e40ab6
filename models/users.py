"""Users and the caller of a request."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from models.base import EMAIL, Body, Contract, UtcDatetime
from models.ids import UserId

Email = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=EMAIL)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256, strip_whitespace=False)]
Role = Literal["user", "admin", "viewer"]
"""A viewer has a user's rights, but can't change anything."""

Scope = Literal["read", "write", "openai", "admin"]
"""What an API key may do: models/api_keys.py describes each scope."""


class Caller(Contract):
    """The caller of a request, determined by one dependency for HTTP and WebSockets alike."""

    user_id: UserId
    role: Role
    """The role of the user; for an API key without the scope `admin`, the role `user` instead of `admin`."""
    scopes: tuple[Scope, ...] | None = None
    """What the caller's API key may do; None if the caller signed in without a key, and may do everything."""

    def has(self, *scopes: Scope) -> bool:
        """Return whether the caller has one of these scopes."""
        return self.scopes is None or not set(scopes).isdisjoint(self.scopes)

    @property
    def may_read(self) -> bool:
        return self.has("read", "write")

    @property
    def may_write(self) -> bool:
        """Whether the caller may change something of their own, such as start a task."""
        return self.role != "viewer" and self.has("write")


class Registration(Body):
    email: Email
    password: Password
    name: str = Field(default="", max_length=120)


class Registered(Contract):
    """The response to a registration.

    The response is the same if the e-mail address already had an account, so it doesn't reveal who has one.
    """

    email: str
    detail: str = "If this e-mail address had no account, one was created. Sign in with your password."


class Credentials(Body):
    email: Email
    password: Annotated[str, StringConstraints(max_length=256, strip_whitespace=False)]


class PasswordChange(Body):
    current_password: Annotated[str, StringConstraints(max_length=256, strip_whitespace=False)]
    new_password: Password


class RefreshRequest(Body):
    refresh_token: str = Field(min_length=20, max_length=200)


class Tokens(Contract):
    """An access token (JWT) for requests, and a refresh token (opaque, single-use) for the next pair of tokens."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # a kind, not a token
    expires_in: int = Field(description="Seconds until the access token expires")


class UserView(Contract):
    id: UserId
    email: str
    name: str
    role: Role
    created_at: UtcDatetime
