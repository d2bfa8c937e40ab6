"""Tasks and their subtasks."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Money, Table, run_key


class Task(Table):
    """The content of a run of the kind `task`."""

    __tablename__ = "tasks"
    run_id: Mapped[str] = run_key()
    title: Mapped[str]
    goal: Mapped[str]
    model: Mapped[str]
    fallbacks: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    images: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    policy: Mapped[dict[str, Any]]
    agents_revision: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The owner's `agents_revision` when the task was accepted, or when its draft was started. It determines the
    versions of agents that the task uses."""
    shared_agents: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The agents of others that the task's owner has named, by their names in the run: the ID and version of each."""
    output_schema: Mapped[dict[str, Any] | None]
    """The JSON Schema of the task's answer."""
    output: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    """The run's result as JSON, if its answer has a schema."""
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    __table_args__ = (
        Index("tasks_images", "images", postgresql_using="gin", postgresql_where=text("images <> '{}'::text[]")),
    )


class Subtask(Table):
    __tablename__ = "subtasks"
    run_id: Mapped[str] = run_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str]
    position: Mapped[int]
    key: Mapped[str]
    title: Mapped[str]
    instruction: Mapped[str]
    agent: Mapped[str]
    model: Mapped[str | None]
    """Used instead of the agent's model; set by a retry of the task."""
    depends_on: Mapped[list[str]]
    tools: Mapped[list[str] | None]
    """For a subtask that an agent has delegated, and those below it: the only tools that they may use, because they are
    those of the agent. Null: no such restriction."""
    decompose: Mapped[bool]
    output_schema: Mapped[dict[str, Any] | None]
    """The JSON Schema of its answer. Null: that of its agent, or of the node whose answer it becomes."""
    status: Mapped[str] = mapped_column(server_default="pending")
    result: Mapped[str | None]
    output: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    """The result as JSON, if the answer has a schema."""
    finish_reason: Mapped[str | None]
    """The finish reason of the answer that is the result."""
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    turns: Mapped[int] = mapped_column(server_default="0")
    spent_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)
