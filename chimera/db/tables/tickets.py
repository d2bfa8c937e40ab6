"""One-time tickets, with which pages open a WebSocket."""

from datetime import datetime

from sqlalchemy import Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner


class Ticket(Table):
    """A ticket. It is deleted when it is used. Only its SHA-256 is stored."""

    __tablename__ = "tickets"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = owner()
    session_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    """The session, or the API key, that the ticket was requested with."""
    session_expires_at: Mapped[datetime | None]
    """When the token expires that the ticket was requested with. The socket ends then, too. Null for an API key."""
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = now()
    __table_args__ = (Index("tickets_user", "user_id", "created_at"), Index("tickets_expires", "expires_at"))
