"""The processes of the installation, as they describe themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now


class Process(Table):
    """The latest report of a process."""

    __tablename__ = "processes"
    name: Mapped[str] = mapped_column(primary_key=True)
    component: Mapped[str]
    started_at: Mapped[datetime] = now()
    seen_at: Mapped[datetime] = now()
    figures: Mapped[dict[str, Any]]
