"""Requests with an idempotency key, and their answers. Tasks and AI calls have their keys in their own rows."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now


class KeyedRequest(Table):
    """A request that makes or starts something. Its row is deleted if it had no effect, and after a day."""

    __tablename__ = "keyed_requests"
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True)
    """The same for every try of the request, until its key is free again."""
    owner_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int | None]
    """The status of the answer; null while the request is in progress."""
    headers: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    """Names and values, one after the other."""
    body: Mapped[bytes | None]
    started_at: Mapped[datetime] = now()
    """When the latest try began. It identifies that try, so that an earlier one can't write its answer."""
    __table_args__ = (Index("keyed_requests_started", "started_at"),)
