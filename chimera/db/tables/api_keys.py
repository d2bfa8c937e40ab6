"""API keys."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from chimera.db.tables.base import Table, now, owner, uuid_key


class ApiKey(Table):
    """An API key. Its ID is part of the key; of its secret, only the SHA-256 is stored."""

    __tablename__ = "api_keys"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    name: Mapped[str]
    secret_sha256: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """To the minute."""
    created_at: Mapped[datetime] = now()
    __table_args__ = (Index("api_keys_owner_created", "owner_id", "created_at", "id"),)
