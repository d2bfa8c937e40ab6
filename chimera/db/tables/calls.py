"""The ledger: model calls and the attempts at them, tool calls, and the transcript."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Money, Table, now, run_key

OVERTAKEN = "call_attempts_overtaken"
"""The constraint that is violated by an attempt that another one has overtaken (`chimera/ledger/calls.py`)."""


class Call(Table):
    """The ledger: one row per call, whose key is its place. Only the attempt named in `attempt` may finish the call."""

    __tablename__ = "calls"
    run_id: Mapped[str] = run_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    forgiven: Mapped[int] = mapped_column(server_default="0")
    """Attempts up to this one no longer count, because the task was retried after they had failed."""
    status: Mapped[str]
    outcome: Mapped[dict[str, Any] | None]
    ended_at: Mapped[datetime | None]


class CallAttempt(Table):
    """The journal: one row for each request that was, or may have been, sent to a provider."""

    __tablename__ = "call_attempts"
    run_id: Mapped[str] = run_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    agent: Mapped[str]
    agent_version: Mapped[int | None]
    """Null for built-in agents."""
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
    media_usage: Mapped[dict[str, Any] | None]
    """For embeddings, images and transcriptions: the quantities that the price is calculated from (`MediaUsage`)."""
    cost_micro_usd: Mapped[int] = mapped_column(Money, server_default="0")
    estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    provider_request_id: Mapped[str | None]
    first_token_ms: Mapped[int | None] = mapped_column(BigInteger)
    """The time from the request to the first piece of a streamed answer. Null if nothing was streamed."""
    worker: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime | None]
    """When the worker last reported the attempt as in progress; null in the first seconds."""
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(
            ["run_id", "path", "purpose", "step"],
            ["calls.run_id", "calls.path", "calls.purpose", "calls.step"],
            ondelete="CASCADE",
        ),
        CheckConstraint("attempt > 0", name=OVERTAKEN),
    )


class Message(Table):
    """The append-only transcript. `seq` is derived from the step, so that a message is stored once even if it is
    written twice. `step * 1000`: the question, then guidance; `+ 500`: the reply; `+ 501 + n`: the result of the
    reply's n-th tool call."""

    __tablename__ = "messages"
    run_id: Mapped[str] = run_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    content: Mapped[str]
    tool_calls: Mapped[list[Any] | None] = mapped_column(JSONB)
    tool_call_id: Mapped[str | None]
    guidance_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any] | None]
    """For replies: the state that the provider expects back with the next request (see `ChatEnd`)."""
    thought: Mapped[str | None]
    """For replies: the text that the model wrote while it reasoned."""
    images: Mapped[list[str] | None] = mapped_column(ARRAY(Uuid(as_uuid=False)))
    """For tool results: the ids of the files with the result's images."""
    tokens: Mapped[int]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("messages_images", "images", postgresql_using="gin", postgresql_where=text("images IS NOT NULL")),
    )


class ToolCall(Table):
    __tablename__ = "tool_calls"
    run_id: Mapped[str] = run_key()
    path: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    tool: Mapped[str]
    status: Mapped[str]
    """`waiting`: a person has to decide, or a subtask has to end. `started`: the call may have had its effect."""
    attempts: Mapped[int] = mapped_column(server_default="1")
    """How often the call was started."""
    failed: Mapped[bool] = mapped_column(server_default=text("false"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None]
