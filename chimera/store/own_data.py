"""All data of a user, for a copy that they take with them: rows as they are stored, without secrets.

Each page is read in a transaction of its own, so a slow client holds no connection. What changes meanwhile may be in
the copy or not.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import (
    Agent,
    AgentVersion,
    AiCall,
    ApiKey,
    Approval,
    CallAttempt,
    ChatMessage,
    ChatSession,
    EventRow,
    File,
    FileChunk,
    Guidance,
    Hold,
    McpServer,
    Message,
    MetricPoint,
    MetricSeries,
    Notification,
    Reply,
    Run,
    Schedule,
    Subtask,
    Table,
    Task,
    ToolCall,
    ToolPolicy,
    User,
)
from models.ids import UserId

Begin = Callable[[], AbstractAsyncContextManager[AsyncSession]]

SECRET = frozenset({"password_hash", "secret_sha256", "token_sha256", "headers", "txid"})
"""Columns that are left out: hashes and secrets, and what only the database can read."""
ROWS_AT_ONCE, OWNERS_AT_ONCE = 200, 50


class Exported(NamedTuple):
    """Rows that belong to a user, and the tables whose rows belong to these, with the column that refers to them."""

    table: type[Table]
    owner: str
    below: tuple[tuple[type[Table], str], ...] = ()


_OF_RUN = (Task, Reply, AiCall, Subtask, Message, Guidance, Approval, ToolCall, CallAttempt, EventRow)
EXPORTED = (
    Exported(User, "id"),
    Exported(ApiKey, "owner_id"),
    Exported(Agent, "owner_id", ((AgentVersion, "agent_id"),)),
    Exported(Schedule, "owner_id"),
    Exported(ToolPolicy, "owner_id"),
    Exported(McpServer, "owner_id"),
    Exported(Run, "owner_id", tuple((table, "run_id") for table in _OF_RUN)),
    Exported(ChatSession, "owner_id", ((ChatMessage, "session_id"),)),
    Exported(Notification, "owner_id"),
    Exported(Hold, "owner_id"),
    Exported(MetricSeries, "owner_id", ((MetricPoint, "series_id"),)),
    Exported(File, "owner_id", ((FileChunk, "file_id"),)),
)
"""What is exported, in this order."""


async def rows_of(begin: Begin, user_id: UserId) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yield all rows of a user, each with the name of its table. Rows below another row follow soon after it."""
    for exported in EXPORTED:
        async for owners in _pages(begin, exported.table, getattr(exported.table, exported.owner) == user_id):
            for row in owners:
                yield exported.table.__tablename__, row
            for table, column in exported.below:
                ids = [row["id"] for row in owners]
                async for page in _pages(begin, table, getattr(table, column).in_(ids)):
                    for row in page:
                        yield table.__tablename__, row


async def _pages(
    begin: Begin, table: type[Table], condition: ColumnElement[bool]
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Yield rows in the order of the primary key, in pages. Files come one mebibyte at a time."""
    keys = list(table.metadata.tables[table.__tablename__].primary_key.columns)
    limit = 1 if table is FileChunk else OWNERS_AT_ONCE if table in {each.table for each in EXPORTED} else ROWS_AT_ONCE
    after: tuple[Any, ...] | None = None
    while True:
        columns = [column for column in table.__table__.columns if column.name not in SECRET]
        rows: Select[Any] = select(*columns).where(condition).order_by(*keys).limit(limit)
        if after is not None:
            rows = rows.where(tuple_(*keys) > after)
        async with begin() as session:
            page = [dict(row) for row in (await session.execute(rows)).mappings()]
        if page:
            yield page
        if len(page) < limit:
            return
        after = tuple(page[-1][key.name] for key in keys)
