"""Users and the caller of a request."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from models.base import EMAIL, KEY, Body, Contract, Flag, UtcDatetime
from models.ids import UserId

Email = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=EMAIL)]
MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS = 8, 256
Password = Annotated[
    str, StringConstraints(min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS, strip_whitespace=False)
]
CurrentPassword = Annotated[str, StringConstraints(max_length=MAX_PASSWORD_CHARS, strip_whitespace=False)]
Name = Annotated[str, StringConstraints(max_length=120)]
Token = Annotated[str, StringConstraints(min_length=20, max_length=200)]
Role = Literal["user", "admin", "viewer"]
"""A viewer has a user's rights, but can't change anything except their own account and what they have read."""

Registrations = Literal["open", "invited", "off"]
"""Who can create an account: anyone, users whom an administrator has invited, or no one."""

UserKind = Literal["person", "service"]
"""A service account belongs to a program. It has no password, only API keys."""

UserState = Literal["active", "disabled", "deleted"]

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
    """A new account."""

    email: Email
    password: Password
    name: Name = ""
    invitation: Token | None = Field(
        default=None, description="Token of your invitation, if registration is open only to invited users"
    )


class Registered(Contract):
    """The response to a registration.

    The response is the same if the e-mail address already had an account, so it doesn't reveal who has one.
    """

    email: str
    detail: str = "If this e-mail address had no account, one was created. Sign in with your password."


class FirstAdministrator(Body):
    """The first administrator of a new installation."""

    setup_token: str = Field(max_length=300, description="Value of the setting `CHIMERA_SETUP_TOKEN`")
    email: Email
    password: Password
    name: Name = ""


class Credentials(Body):
    email: Email
    password: CurrentPassword


class PasswordChange(Body):
    current_password: CurrentPassword
    new_password: Password


class PasswordReset(Body):
    """A new password for an account whose password was forgotten."""

    email: Email = Field(description="E-mail address of the account that the token is for")
    token: Token = Field(description="One-time token that an administrator created")
    new_password: Password


class NewPasswordReset(Contract):
    """A one-time token for setting a new password. It is shown only in this response."""

    email: str
    token: str = Field(description="Give this token to the user. It can't be shown again.")
    expires_at: UtcDatetime


class RefreshRequest(Body):
    refresh_token: Token | None = Field(
        default=None, description="Required, except with the header `Chimera-Session: cookie`, which doesn't allow it"
    )


class Tokens(Contract):
    """An access token (JWT) for requests, and a refresh token (opaque, single-use) for the next pair of tokens."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # a kind, not a token
    expires_in: int = Field(description="Seconds until the access token expires")


class BrowserSession(Contract):
    """The session of a page of this server. Its tokens are in cookies that scripts can't read."""

    token_type: Literal["cookie"] = "cookie"  # noqa: S105  # a kind, not a token
    expires_in: int = Field(description="Seconds until the access token expires")


class SignInOptions(Contract):
    """What a sign-in page shows."""

    registration: Registrations = Field(
        description="Who can create an account: `open` (anyone), `invited` (users with an invitation) or `off`"
    )
    first_administrator: bool = Field(
        description="Whether the first administrator is still to be created, with the token in `CHIMERA_SETUP_TOKEN`"
    )
    identity_provider: str | None = Field(
        default=None, description="Host name of the identity provider. `null` if users can't sign in through one."
    )
    password_min_chars: int = Field(description="Minimum length of a new password")
    password_max_chars: int = Field(description="Maximum length of a password")
    has_session: bool = Field(
        description="Whether this browser has the cookies of a session. The session may have ended since then."
    )


class Preferences(Body):
    """Preferences of a user, for programs that show them something."""

    time_zone: str | None = Field(
        default=None, max_length=60, description="Time zone in which to show times, such as Europe/Berlin"
    )
    theme: Literal["system", "light", "dark"] = Field(default="system", description="Colors of the console")


class MeChange(Body):
    """Changes of your own account. Omitted fields stay as they are."""

    name: Name | None = None
    email: Email | None = Field(default=None, description="New e-mail address. It requires `current_password`.")
    current_password: CurrentPassword | None = Field(
        default=None, description="Your password, which is required to change the e-mail address"
    )
    preferences: Preferences | None = Field(default=None, description="All preferences; omitted ones are reset")

    @model_validator(mode="after")
    def _has_password_for_email(self) -> Self:
        if self.email is not None and self.current_password is None:
            raise ValueError("To change the e-mail address, also send current_password.")
        return self


class UserView(Contract):
    id: UserId
    email: str = Field(description="E-mail address, or the name of a service account")
    name: str
    role: Role
    created_at: UtcDatetime


class MeView(UserView):
    """Your own account."""

    preferences: Preferences = Preferences()


class UserDetails(UserView):
    """An account, as administrators see it."""

    kind: UserKind
    state: UserState = Field(
        description="`active`; `disabled` (can't sign in); or `deleted` (nothing is left but the record of its costs)"
    )
    has_password: bool = Field(description="Whether the user can sign in with a password")
    last_used_at: UtcDatetime | None = Field(
        description="When the user's sessions or API keys were last used, roughly. `null` if that is unknown."
    )


class UserPage(Contract):
    """A page of accounts."""

    items: tuple[UserDetails, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")


class UserChange(Body):
    """Changes of an account by an administrator. Omitted fields stay as they are."""

    role: Role | None = None
    name: Name | None = None
    disabled: Flag | None = Field(default=None, description="Whether the account is disabled")


class ServiceAccountSpec(Body):
    """A new service account: a user for a program, without a password."""

    name: Annotated[str, StringConstraints(pattern=KEY)] = Field(description="Unique name, such as nightly-report")
    role: Role = "user"
