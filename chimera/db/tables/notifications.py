"""Notifications: what waits for a user, and what went wrong."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, txid


class Notification(Table):
    """A fact that its owner should know of. It is written in the transaction that makes it true."""

    __tablename__ = "notifications"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    owner_id: Mapped[str] = owner()
    kind: Mapped[str]
    subject: Mapped[str]
    """What the notification is about, such as `approval:<id>`. As long as it isn't resolved, there is no second one."""
    run_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("runs.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = now()
    read_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    """When nothing was left to do, for example because a user has decided."""
    txid: Mapped[int] = txid()
    """The transaction of the newest change."""
    __table_args__ = (
        Index("notifications_owner", "owner_id", "id"),
        Index("notifications_unread", "owner_id", "id", postgresql_where=text("read_at IS NULL")),
        Index(
            "notifications_open",
            "subject",
            "kind",
            "owner_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("notifications_run", "run_id"),
        Index("notifications_created", "created_at"),
        Index("notifications_changed", "txid"),
    )
