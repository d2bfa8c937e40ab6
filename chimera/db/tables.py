"""The tables. What an outsider asks about is here; where a run stands is in Temporal's history.

Money is in millionths of a US dollar, times are UTC with time zone. Rows below a task go with it (CASCADE), but for the
ledger: deleting a task empties its content and keeps the row with what was paid (`deleted_at`), because bills outlive
conversations.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Money = BigInteger


class Table(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


def _uuid_key() -> Mapped[str]:
    return mapped_column(Uuid(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()"))


def _task_key() -> Mapped[str]:
    return mapped_column(Uuid(as_uuid=False), ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)


def _owner() -> Mapped[str]:
    return mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


class User(Table):
    __tablename__ = "users"
    id: Mapped[str] = _uuid_key()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="user")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (CheckConstraint("role IN ('user', 'admin')", name="users_role"),)


class RefreshToken(Table):
    """Used once; a second use revokes the whole family. Only the SHA-256 is kept."""

    __tablename__ = "refresh_tokens"
    id: Mapped[str] = _uuid_key()
    user_id: Mapped[str] = _owner()
    family_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str | None]
    """Where the session began; on its first token only."""
    created_at: Mapped[datetime] = _now()
    __table_args__ = (Index("refresh_tokens_family", "family_id"), Index("refresh_tokens_user", "user_id"))


class Agent(Table):
    """An agent that a user made; the built-in ones stand in `models/agents.py`."""

    __tablename__ = "agents"
    id: Mapped[str] = _uuid_key()
    owner_id: Mapped[str] = _owner()
    name: Mapped[str]
    spec: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (UniqueConstraint("owner_id", "name", name="agents_owner_name"),)


class Schedule(Table):
    __tablename__ = "schedules"
    id: Mapped[str] = _uuid_key()
    owner_id: Mapped[str] = _owner()
    name: Mapped[str]
    spec: Mapped[dict[str, Any]]
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    skipped_at: Mapped[datetime | None]
    """Of its last run, when that was skipped because its owner had no room for it; null once one was made."""
    skipped_because: Mapped[str | None]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    __table_args__ = (Index("schedules_owner", "owner_id", "created_at"),)


class Task(Table):
    """A task, its account and the counter of its events: what a model call updates, in one row."""

    __tablename__ = "tasks"
    id: Mapped[str] = _uuid_key()
    owner_id: Mapped[str] = _owner()
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str | None]
    title: Mapped[str]
    goal: Mapped[str]
    model: Mapped[str]
    fallbacks: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    images: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    policy: Mapped[dict[str, Any]]
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="3")
    status: Mapped[str]
    result: Mapped[str | None]
    finish_reason: Mapped[str | None]
    """How the answer ended that is the result."""
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    simulated: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    max_cost_micro_usd: Mapped[int | None] = mapped_column(Money)
    max_tokens: Mapped[int | None] = mapped_column(BigInteger)
    max_model_calls: Mapped[int | None] = mapped_column(BigInteger)
    spent_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    reserved_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    doubtful_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cached_input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reserved_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    model_calls: Mapped[int] = mapped_column(BigInteger, server_default="0")
    subtasks_total: Mapped[int] = mapped_column(Integer, server_default="0")
    subtasks_done: Mapped[int] = mapped_column(Integer, server_default="0")
    event_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    guidance_given: Mapped[int] = mapped_column(Integer, server_default="0")
    schedule_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("schedules.id", ondelete="SET NULL")
    )
    scheduled_run_id: Mapped[str | None]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_call_at: Mapped[datetime | None]
    cancels_sent: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often the sweeper sent a cancel again that had not ended the run."""
    retries: Mapped[int] = mapped_column(server_default="0")
    """How often it was tried again after it had failed."""
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        Index("tasks_idempotency", "owner_id", "idempotency_key", unique=True),
        Index("tasks_scheduled_run", "scheduled_run_id", unique=True),
        Index("tasks_owner_created", "owner_id", "created_at", "id"),
        Index("tasks_created", "created_at", "id"),
        Index("tasks_owner_status", "owner_id", "status", "created_at"),
        Index("tasks_cancelling", "id", postgresql_where=text("status = 'cancelling'")),
        # Updated at every call: room on the page keeps those updates off the indexes (HOT).
        {"postgresql_with": {"fillfactor": 50}},
    )


class Subtask(Table):
    __tablename__ = "subtasks"
    task_id: Mapped[str] = _task_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str]
    position: Mapped[int]
    key: Mapped[str]
    title: Mapped[str]
    instruction: Mapped[str]
    agent: Mapped[str]
    model: Mapped[str | None]
    """Asked in place of its agent's: named when the task was tried again."""
    depends_on: Mapped[list[str]]
    decompose: Mapped[bool]
    status: Mapped[str] = mapped_column(server_default="pending")
    result: Mapped[str | None]
    finish_reason: Mapped[str | None]
    """How the answer ended that is the result."""
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    turns: Mapped[int] = mapped_column(server_default="0")
    spent_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)


class Guidance(Table):
    """What a person said to a run. Each node sees each piece once, at its next model call."""

    __tablename__ = "guidance"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    task_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("tasks.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (Index("guidance_task", "task_id", "id"),)


class Message(Table):
    """The transcript, append-only. `seq` derives from the step, so that writing twice is writing once:
    `step * 1000`: the question, then guidance; `+ 500`: the reply; `+ 501 + n`: the result of its n-th tool call."""

    __tablename__ = "messages"
    task_id: Mapped[str] = _task_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    content: Mapped[str]
    tool_calls: Mapped[list[Any] | None] = mapped_column(JSONB)
    tool_call_id: Mapped[str | None]
    guidance_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any] | None]
    """Of a reply: what its provider wants back with the next request (see `ChatEnd`)."""
    thought: Mapped[str | None]
    """Of a reply: what the model wrote while it reasoned."""
    tokens: Mapped[int]
    created_at: Mapped[datetime] = _now()


class ModelCall(Table):
    """The ledger: one row a call, its key is its place. `attempt` fences: only the attempt named here may finish it."""

    __tablename__ = "model_calls"
    task_id: Mapped[str] = _task_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    forgiven: Mapped[int] = mapped_column(server_default="0")
    """Attempts up to this one count for nothing any more: the task was tried again after they had failed it."""
    status: Mapped[str]
    outcome: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = _now()
    ended_at: Mapped[datetime | None]


class ModelCallAttempt(Table):
    """The journal: one row for each time that a provider was asked, or may have been."""

    __tablename__ = "model_call_attempts"
    task_id: Mapped[str] = _task_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    agent: Mapped[str]
    model: Mapped[str]
    simulated: Mapped[bool]
    status: Mapped[str]
    reserved_micro_usd: Mapped[int] = mapped_column(Money)
    reserved_tokens: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cached_input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cost_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    provider_request_id: Mapped[str | None]
    worker: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime | None]
    """When its worker last said that it is at work; null in the first seconds."""
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(
            ["task_id", "path", "purpose", "step"],
            ["model_calls.task_id", "model_calls.path", "model_calls.purpose", "model_calls.step"],
            ondelete="CASCADE",
        ),
    )


class ToolCall(Table):
    __tablename__ = "tool_calls"
    task_id: Mapped[str] = _task_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    tool: Mapped[str]
    status: Mapped[str]
    failed: Mapped[bool] = mapped_column(server_default=text("false"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None]


class EventRow(Table):
    """What happened, in order; `seq` has no gaps within a task."""

    __tablename__ = "events"
    task_id: Mapped[str] = _task_key()
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    payload: Mapped[dict[str, Any]]


class Outbox(Table):
    """What was accepted and Temporal has not heard of yet: starts and control messages."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    task_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("tasks.id", ondelete="CASCADE"))
    kind: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = _now()
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '5 seconds'"))
    __table_args__ = (Index("outbox_due", "next_attempt_at"), Index("outbox_task", "task_id", "id"))


class File(Table):
    """A file: uploaded, or drawn for an `ai_calls` row. Its bytes are the `file_chunks`."""

    __tablename__ = "files"
    id: Mapped[str] = _uuid_key()
    owner_id: Mapped[str] = _owner()
    name: Mapped[str]
    media_type: Mapped[str]
    """Found in the bytes, never what somebody said."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        Index("files_owner_created", "owner_id", "created_at", "id"),
        Index("files_created", "created_at", "id"),
    )


class FileChunk(Table):
    """A mebibyte of a file, the last one shorter; `position` counts from 0."""

    __tablename__ = "file_chunks"
    file_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("files.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes]


class AiCall(Table):
    """The ledger of embeddings, images and transcriptions: one row a call, written before its provider is asked.

    `attempt` fences: only the attempt named here may finish the call.
    """

    __tablename__ = "ai_calls"
    id: Mapped[str] = _uuid_key()
    owner_id: Mapped[str] = _owner()
    operation: Mapped[str]
    model: Mapped[str]
    request: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default="queued")
    attempt: Mapped[int] = mapped_column(server_default="0")
    failures: Mapped[int] = mapped_column(server_default="0")
    """Those that count towards the most attempts that a call may have."""
    doubtful: Mapped[int] = mapped_column(server_default="0")
    """Attempts whose end nobody saw."""
    may_cost_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    """An estimate of one attempt."""
    doubtful_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    cost_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))
    result: Mapped[dict[str, Any] | None]
    vectors: Mapped[bytes | None]
    """Of embeddings: one after the other, little-endian float32."""
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    provider_request_id: Mapped[str | None]
    worker: Mapped[str | None]
    seen_at: Mapped[datetime | None]
    """When that worker last said that it is at work."""
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str]
    created_at: Mapped[datetime] = _now()
    handed_over_at: Mapped[datetime | None]
    """When Temporal took it over; until then the sweeper looks after it."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ai_calls_idempotency", "owner_id", "idempotency_key", unique=True),
        Index("ai_calls_owner_created", "owner_id", "created_at", "id"),
        Index("ai_calls_owner_operation_created", "owner_id", "operation", "created_at", "id"),
        Index("ai_calls_created", "created_at", "id"),
        Index("ai_calls_open", "created_at", postgresql_where=text("status IN ('queued', 'started')")),
    )
