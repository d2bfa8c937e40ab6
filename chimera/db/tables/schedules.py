"""Schedules."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class Schedule(Table):
    __tablename__ = "schedules"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    name: Mapped[str]
    spec: Mapped[dict[str, Any]]
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    skipped_at: Mapped[datetime | None]
    """When the last run was skipped because its owner had no room for it, or Temporal rejected the timing. Null once a
    run has been created."""
    skipped_because: Mapped[str | None]
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (Index("schedules_owner", "owner_id", "created_at"),)
