"""Decisions of people that runs wait for, and the rules that say when one is needed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, uuid_key


class Approval(Table):
    """A decision about the tool call at `path`, `step` and `index`. A call may need several, one after the other."""

    __tablename__ = "approvals"
    id: Mapped[str] = uuid_key()
    run_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("runs.id", ondelete="CASCADE"))
    path: Mapped[str]
    step: Mapped[int]
    index: Mapped[int]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    agent: Mapped[str]
    tool: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    """The hash of run, place, tool, the tool's definition, and arguments. Only this call may run."""
    question: Mapped[str | None]
    options: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    default: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    terms: Mapped[dict[str, Any]]
    approvers: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)), server_default=text("'{}'::uuid[]"))
    """The users who may decide, besides administrators: named by the terms, by an escalation, or by another approver.
    Empty: the owner of the run."""
    changed_arguments: Mapped[dict[str, Any] | None]
    """For an approved call: the arguments that replace those of the agent."""
    answer: Mapped[str | None]
    """The answer to a question, the result of a call that has happened, or the reason for a rejection."""
    created_at: Mapped[datetime] = now()
    expires_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    """Null once the users in `escalate_to` are among the approvers."""
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "approvals_pending_call",
            "run_id",
            "path",
            "step",
            "index",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("approvals_call", "run_id", "path", "step", "index", "created_at"),
        Index("approvals_created", "created_at", "id"),
        Index("approvals_pending", "created_at", "id", postgresql_where=text("status = 'pending'")),
        Index("approvals_approvers", "approvers", postgresql_using="gin", postgresql_where=text("status = 'pending'")),
    )


class ApprovalVote(Table):
    """What a user decided about an approval. Each user decides once."""

    __tablename__ = "approval_votes"
    approval_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    decision: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = now()


class ToolPolicy(Table):
    """The tool policy of a user, or of the installation."""

    __tablename__ = "tool_policies"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"), unique=True
    )
    """Null: the policy of the installation."""
    rules: Mapped[list[Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = now()
    __table_args__ = (
        Index(
            "tool_policies_installation",
            text("(owner_id IS NULL)"),
            unique=True,
            postgresql_where=text("owner_id IS NULL"),
        ),
    )
