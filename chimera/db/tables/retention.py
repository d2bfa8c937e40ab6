"""Retention runs, and holds."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key

_IS_OPEN = "status <> 'completed'"


class Retention(Table):
    """A retention run. Its counters are changed in the transactions that delete, so they are exact after any crash."""

    __tablename__ = "retentions"
    id: Mapped[str] = uuid_key()
    workflow_id: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="running")
    user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """Whose content is deleted, whatever its age. Null: everyone's, by age. Without a foreign key, because the record
    outlives the account."""
    requested_by: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    days: Mapped[dict[str, Any]]
    """Days that content is kept, by kind, counted back from `created_at`."""
    stage: Mapped[int] = mapped_column(server_default="0")
    """The position of the kind that is being deleted."""
    place: Mapped[list[str] | None]
    """Where the search for unused files has arrived: when the last one was created, and its ID."""
    deleted: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    bytes_freed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = now()
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index("retentions_created", "created_at", "id"),
        Index("retentions_user", "user_id", "created_at", postgresql_where=text("user_id IS NOT NULL")),
        # One at a time for the installation, and one for each user.
        Index(
            "retentions_open",
            "user_id",
            unique=True,
            postgresql_where=text(_IS_OPEN),
            postgresql_nulls_not_distinct=True,
        ),
    )


class Hold(Table):
    """A hold on a run, a chat session or a file: retention doesn't delete it."""

    __tablename__ = "holds"
    subject_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    owner_id: Mapped[str] = owner()
    """The owner of what is held."""
    placed_by: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("holds_owner", "owner_id", "created_at", "subject_id"),
        Index("holds_created", "created_at", "subject_id"),
    )
