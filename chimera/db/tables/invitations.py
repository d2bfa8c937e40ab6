"""Invitations to create an account."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class Invitation(Table):
    """An invitation. Its token creates one account; only the token's SHA-256 is stored."""

    __tablename__ = "invitations"
    id: Mapped[str] = uuid_key()
    invited_by: Mapped[str] = owner()
    email: Mapped[str | None]
    """The only e-mail address that may be registered; null: any."""
    role: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="SET NULL"))
    """The account that was created."""
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("invitations_created", "created_at", "id"),
        Index("invitations_expires", "expires_at"),
    )
