"""Runs, and the tables for every kind of run: events, guidance, and messages that Temporal has not received yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Money, Table, now, owner, run_key, txid, uuid_key
from chimera.db.tables.chat import searched

LISTED = (
    "payload ->> 'type' IN ('run.accepted', 'run.started', 'run.paused', 'run.resumed', 'run.retried',"
    " 'run.cancelling', 'run.changed', 'run.completed', 'run.failed', 'run.cancelled', 'approval.requested',"
    " 'approval.escalated', 'approval.decided', 'budget.reached', 'budget.raised')"
)
"""The events that change what a list of runs or of approvals shows. Those of calls, which are many, don't."""

_IS_AI_CALL = "kind IN ('embeddings', 'images', 'transcriptions')"
_IS_OPEN = "status IN ('queued', 'running', 'paused', 'waiting', 'cancelling')"
_TAKES_PLACES = "kind = 'task' AND status IN ('queued', 'running', 'cancelling')"


class Run(Table):
    """The root of everything that is done for an owner, with its account and event counter in one row.

    Every statement of the hot path updates the row, so it is kept narrow: columns that only one kind of run needs are
    in a separate table.
    """

    __tablename__ = "runs"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    kind: Mapped[str]
    status: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="3")
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str | None]
    result: Mapped[str | None]
    finish_reason: Mapped[str | None]
    """The finish reason of the answer that is the result."""
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    simulated: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    max_cost_micro_usd: Mapped[int | None] = mapped_column(Money)
    max_tokens: Mapped[int | None] = mapped_column(BigInteger)
    max_model_calls: Mapped[int | None] = mapped_column(BigInteger)
    spent_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    reserved_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    in_doubt_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
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
    needs_budget: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Whether the account rejected a call that waits until a user raises the budget."""
    approvals_pending: Mapped[int] = mapped_column(Integer, server_default="0")
    """How many decisions of people the run waits for."""
    untrusted: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Whether one of the run's tools has returned content from outside."""
    described_by: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    """The servers outside whose descriptions of tools the run's models have read."""
    schedule_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("schedules.id", ondelete="SET NULL")
    )
    scheduled_run_id: Mapped[str | None]
    """The workflow id of the scheduled run that created this run."""
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = now()
    admitted_at: Mapped[datetime | None]
    """When a queued task was admitted (`ledger/admission.py`)."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_call_at: Mapped[datetime | None]
    cancels_sent: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often the sweeper repeated a cancel that had not ended the run."""
    waiting_since: Mapped[datetime | None]
    """Since when the run has been waiting for a user."""
    waited_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How long the run has waited for a user before that. Both are kept by a trigger (`chimera/db/triggers.py`)."""
    retries: Mapped[int] = mapped_column(server_default="0")
    """How often the run was retried after it had failed."""
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        Index("runs_idempotency", "owner_id", "idempotency_key", unique=True),
        Index("runs_scheduled_run", "scheduled_run_id", unique=True),
        Index("runs_schedule", "schedule_id", "created_at", "id", postgresql_where=text("schedule_id IS NOT NULL")),
        Index("runs_owner_created", "owner_id", "kind", "created_at", "id"),
        Index("runs_created", "kind", "created_at", "id"),
        Index("runs_owner_calls", "owner_id", "created_at", "id", postgresql_where=text(_IS_AI_CALL)),
        Index("runs_calls", "created_at", "id", postgresql_where=text(_IS_AI_CALL)),
        Index("runs_owner_status", "owner_id", "kind", "status", "created_at"),
        Index("runs_admission", "owner_id", postgresql_where=text(_TAKES_PLACES)),
        # A result is written once, at the end, so other updates leave the index alone.
        Index(
            "runs_reply_text",
            text(searched("result")),
            postgresql_using="gin",
            postgresql_where=text("kind = 'reply'"),
        ),
        # For what open runs have reserved. Only the status decides, so a call doesn't touch the index.
        Index("runs_open", "owner_id", "kind", "status", postgresql_where=text(_IS_OPEN)),
        # Written once, when a run ends. Retention finds with it what is old and still has content.
        Index(
            "runs_retention",
            "kind",
            "ended_at",
            "id",
            postgresql_where=text("deleted_at IS NULL AND ended_at IS NOT NULL"),
        ),
        Index("runs_cancelling", "id", postgresql_where=text("status = 'cancelling'")),
        # The row is updated at every call. Free space on its page lets these updates leave the indexes alone (HOT).
        {"postgresql_with": {"fillfactor": 50}},
    )


class Guidance(Table):
    """A user's guidance for a run. Each node sees each piece once, at its next model call."""

    __tablename__ = "guidance"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("runs.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str]
    __table_args__ = (Index("guidance_run", "run_id", "id"),)


class EventRow(Table):
    """An event. `seq` numbers a run's events in order and without gaps."""

    __tablename__ = "events"
    run_id: Mapped[str] = run_key()
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    payload: Mapped[dict[str, Any]]
    txid: Mapped[int] = txid()
    __table_args__ = (Index("events_listed", "txid", postgresql_where=text(LISTED)),)


class Outbox(Table):
    """Accepted messages that Temporal has not received yet: starts and controls of runs, and changes of schedules."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("runs.id", ondelete="CASCADE"))
    schedule_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """Set instead of `run_id`. If the schedule's row no longer exists, the schedule in Temporal is deleted."""
    kind: Mapped[str]
    payload: Mapped[dict[str, Any] | None]
    """For signals: the name and the arguments."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    """Why the message was not delivered, for operators."""
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '5 seconds'"))
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("outbox_due", "next_attempt_at"),
        Index("outbox_run", "run_id", "id"),
        Index("outbox_schedule", "schedule_id", "id", postgresql_where=text("schedule_id IS NOT NULL")),
        CheckConstraint("num_nonnulls(run_id, schedule_id) = 1", name="outbox_subject"),
        CheckConstraint("(kind = 'signal') = (payload IS NOT NULL)", name="outbox_payload"),
    )
