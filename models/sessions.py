"""Sessions: where a user is signed in."""

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import SessionId


class SessionView(Contract):
    """A session of yours."""

    id: SessionId
    began_at: UtcDatetime
    last_used_at: UtcDatetime = Field(description="When the session was last used, to the minute")
    expires_at: UtcDatetime = Field(description="When the session ends unless it is used before")
    address: str | None = Field(description="IP address where you signed in. An IPv6 address is shown as its network.")
    client: str | None = Field(description="Program that signed in, as it described itself")
    current: bool = Field(description="Whether this request belongs to the session")


class SessionPage(Contract):
    """A page of sessions, newest first."""

    items: tuple[SessionView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")


class EndedSessions(Contract):
    """How many sessions were ended."""

    ended: int
