"""Replies: runs of the kinds reply and completion."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, run_key


class Reply(Table):
    """The content of a run that answers a conversation: that of a chat session, or one that came with the request."""

    __tablename__ = "replies"
    run_id: Mapped[str] = run_key()
    session_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("chat_sessions.id", ondelete="SET NULL")
    )
    message_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("chat_messages.id", ondelete="SET NULL")
    )
    """The last message of the conversation, which the reply answers."""
    waits_for: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)), server_default=text("'{}'::uuid[]"))
    """The replies of the session that were open when this one was accepted. It starts when all of them have ended."""
    agent: Mapped[str | None]
    """Null: the model answers without an agent."""
    model: Mapped[str]
    model_chosen: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether `model` and `fallbacks` replace those of the agent."""
    fallbacks: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    instructions: Mapped[str | None]
    """Follows the agent's prompt, or is the system message of a bare model."""
    conversation: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The messages that came with the request, as `ConversationMessage`. Null for a reply in a session."""
    files: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)), server_default=text("'{}'::uuid[]"))
    """The ids of the files that `conversation` names."""
    client_tools: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The functions that the caller runs, as `ClientTool`."""
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    policy: Mapped[dict[str, Any]]
    output_schema: Mapped[dict[str, Any] | None]
    """The JSON Schema of the answer."""
    output: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    """The run's result as JSON, if its answer has a schema."""
    tool_calls: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The calls of client tools in the answer."""
    purpose: Mapped[str] = mapped_column(server_default="answer")
    agents_revision: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The owner's `agents_revision` when the reply was accepted. It determines the versions of agents."""
    shared_agents: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The agents of others that the reply's owner has named, by their names in the run: the ID and version of each."""
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    __table_args__ = (
        Index("replies_session", "session_id", postgresql_where=text("session_id IS NOT NULL")),
        Index("replies_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        Index("replies_files", "files", postgresql_using="gin", postgresql_where=text("files <> '{}'::uuid[]")),
    )
