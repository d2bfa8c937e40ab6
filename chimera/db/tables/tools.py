"""MCP servers of users, and the definitions of tools that were accepted."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner, uuid_key


class McpServer(Table):
    """An MCP server that a user has added; those of the installation are in its file."""

    __tablename__ = "mcp_servers"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str] = owner()
    name: Mapped[str]
    url: Mapped[str]
    headers: Mapped[bytes | None]
    """JSON, encrypted with a payload key."""
    error: Mapped[str | None]
    """Why the server's tools could not be listed the last time."""
    created_at: Mapped[datetime] = now()
    __table_args__ = (UniqueConstraint("owner_id", "name", name="mcp_servers_owner_name"),)


class ToolRow(Table):
    """A tool as it was accepted. Workers write the rows; the API reads them."""

    __tablename__ = "tools"
    id: Mapped[str] = uuid_key()
    owner_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))
    """Null: a tool of the installation."""
    name: Mapped[str]
    source: Mapped[str]
    server: Mapped[str | None]
    definition: Mapped[dict[str, Any]]
    """A `ToolDefinition`."""
    sha256: Mapped[str]
    status: Mapped[str]
    offered: Mapped[dict[str, Any] | None]
    """For a changed tool: the definition that the server offers now."""
    updated_at: Mapped[datetime] = now()
    __table_args__ = (
        Index(
            "tools_name", text("COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid)"), "name", unique=True
        ),
    )
