"""Agents that users created, and their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, Uuid, func, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class Agent(Table):
    """An agent that a user created; the built-in agents are in `models/agents.py`."""

    __tablename__ = "agents"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    """The newest version, which new tasks use."""
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether the agent takes new work."""
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (UniqueConstraint("owner_id", "name", name="agents_owner_name"),)


class AgentVersion(Table):
    """A version of an agent; it never changes. A task uses the newest one whose revision is at most its own."""

    __tablename__ = "agent_versions"
    agent_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    spec: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(BigInteger)
    """The value of `users.agents_revision` since this version."""
    created_at: Mapped[datetime] = now()
