"""Agents that users created."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class Agent(Table):
    """An agent that a user created; the built-in agents are in `models/agents.py`."""

    __tablename__ = "agents"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    name: Mapped[str]
    spec: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (UniqueConstraint("owner_id", "name", name="agents_owner_name"),)
