"""The audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, uuid_key


class AuditEntry(Table):
    """An act that administrators want to see. Entries are never changed, so they have no foreign keys."""

    __tablename__ = "audit_log"
    id: Mapped[str] = uuid_key()
    actor_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """The user who acted; null without a signed-in user, or for an operator's command."""
    action: Mapped[str]
    subject_id: Mapped[str | None]
    """What was acted on: an ID, which may no longer exist."""
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """Facts about the act, without secrets."""
    at: Mapped[datetime] = now()
    __table_args__ = (
        Index("audit_log_at", "at", "id"),
        Index("audit_log_actor", "actor_id", "at", "id"),
        Index("audit_log_subject", "subject_id", "at", "id"),
        Index("audit_log_action", "action", "at", "id"),
    )
