"""The system log: what the processes of the installation warned of."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table


class SystemLogEntry(Table):
    """An event that a process logged. Secrets have been removed before."""

    __tablename__ = "system_log"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    level: Mapped[str]
    component: Mapped[str]
    event: Mapped[str]
    fields: Mapped[dict[str, Any]]
    request_id: Mapped[str | None]
    __table_args__ = (Index("system_log_at", "at"),)
