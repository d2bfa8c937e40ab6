"""Chat sessions and their messages."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, Index, Uuid, func
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key

SEARCHED_CHARS = 100_000
"""How much of a text full-text search covers. PostgreSQL rejects a row whose text has a larger `tsvector` than 1 MB."""


_USED = "COALESCE(last_message_at, created_at)"
"""When a session was last used. Lists are sorted by it."""


def searched(column: str) -> str:
    """Return the SQL expression of the words of a text. Queries have to use it as it is, so that they use the index."""
    return f"to_tsvector('simple', \"left\"({column}, {SEARCHED_CHARS}))"


class ChatSession(Table):
    """A conversation of a user with an agent, or with a bare model."""

    __tablename__ = "chat_sessions"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    agent: Mapped[str | None]
    model: Mapped[str | None]
    instructions: Mapped[str | None]
    title: Mapped[str] = mapped_column(server_default="")
    title_run_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """The run that writes the title."""
    double_texting: Mapped[str] = mapped_column(server_default="queue")
    leaf_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """The last message of the active branch."""
    archived: Mapped[bool] = mapped_column(server_default=sql_text("false"))
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=sql_text("'{}'::jsonb"))
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    last_message_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    """When the session was deleted. The row disappears with the content, once the session's runs have ended."""
    __table_args__ = (
        Index("chat_sessions_owner", "owner_id", "created_at", "id"),
        Index("chat_sessions_created", "created_at", "id"),
        Index("chat_sessions_owner_used", "owner_id", sql_text(_USED), "id"),
        Index("chat_sessions_used", sql_text(_USED), "id"),
        Index("chat_sessions_deleted", "deleted_at", postgresql_where=sql_text("deleted_at IS NOT NULL")),
    )


class ChatMessage(Table):
    """A message of a session. It is never changed: an edit begins a new branch of the tree that `parent_id` forms.

    A summary stands outside of the tree: its `parent_id` is null, and `covers_id` is the last message that it covers.
    """

    __tablename__ = "chat_messages"
    id: Mapped[str] = uuid_key()
    session_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("chat_sessions.id", ondelete="CASCADE"))
    parent_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("chat_messages.id", ondelete="CASCADE")
    )
    role: Mapped[str]
    text: Mapped[str | None]
    """Null for the message of an assistant: its text is the result of its run."""
    run_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("runs.id", ondelete="SET NULL"))
    """The run that wrote the message."""
    attachments: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)), server_default=sql_text("'{}'::uuid[]"))
    """The ids of files of the session's owner."""
    tokens: Mapped[int] = mapped_column(server_default="0")
    covers_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("chat_messages.id", ondelete="CASCADE")
    )
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("chat_messages_session", "session_id", "number"),
        Index("chat_messages_parent", "parent_id", "number"),
        Index("chat_messages_covers", "covers_id", postgresql_where=sql_text("covers_id IS NOT NULL")),
        Index("chat_messages_run", "run_id", postgresql_where=sql_text("run_id IS NOT NULL")),
        Index(
            "chat_messages_attachments",
            "attachments",
            postgresql_using="gin",
            postgresql_where=sql_text("attachments <> '{}'::uuid[]"),
        ),
        Index("chat_messages_text", sql_text(searched("text")), postgresql_using="gin"),
    )
