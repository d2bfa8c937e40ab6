"""Users and their sessions."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class User(Table):
    __tablename__ = "users"
    id: Mapped[str] = uuid_key()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="user")
    disabled_at: Mapped[datetime | None]
    agents_revision: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How often the user's agents have changed. A counter, not a time: a change locks the row until it commits, so a
    reader of a revision also sees every change up to it."""
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (CheckConstraint("role IN ('user', 'admin')", name="users_role"),)


class RefreshToken(Table):
    """A refresh token. It can be used once; a second use revokes the whole family. Only its SHA-256 is stored."""

    __tablename__ = "refresh_tokens"
    id: Mapped[str] = uuid_key()
    user_id: Mapped[str] = owner()
    family_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str | None]
    """The address where the session began; set only for the session's first token."""
    created_at: Mapped[datetime] = now()
    __table_args__ = (Index("refresh_tokens_family", "family_id"), Index("refresh_tokens_user", "user_id"))
