"""All data of a user, for a copy that they take with them: rows as they are stored, without secrets.

Each page is read in a transaction of its own, so a slow client holds no connection. What changes meanwhile may be in
the copy or not. Pages are limited by bytes, because a single row can have many megabytes.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    cast,
    func,
    literal,
    select,
    tuple_,
)
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
BYTES_AT_ONCE = 2**20
"""A page ends with the row that reaches this size."""
UNPACKED = 32
"""How many times larger JSON and arrays may be than what is stored. For exact sizes, the database would have to
unpack all rows that a page leaves out."""


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
    """Yield rows in the order of the primary key, in pages of at most one row more than `BYTES_AT_ONCE`."""
    keys = list(table.metadata.tables[table.__tablename__].primary_key.columns)
    limit = OWNERS_AT_ONCE if table in {each.table for each in EXPORTED} else ROWS_AT_ONCE
    after: tuple[Any, ...] | None = None
    while True:
        rows = _page(table, condition if after is None else condition & (tuple_(*keys) > after), keys, limit)
        async with begin() as session:
            page = [dict(row) for row in (await session.execute(rows)).mappings()]
        found = [(row.pop(_BEFORE), row.pop(_FOUND)) for row in page]
        if page:
            yield page
        if not page or len(page) == found[-1][1] < limit:
            return
        after = tuple(page[-1][key.name] for key in keys)


_BEFORE, _FOUND = "bytes_before", "rows_found"


def _page(table: type[Table], condition: ColumnElement[bool], keys: Sequence[Column[Any]], limit: int) -> Select[Any]:
    """Select rows of at most `limit` that satisfy a condition, each with how many bytes and rows there were."""
    columns = [column for column in table.__table__.columns if column.name not in SECRET]
    size = sum((_size_of(column) for column in columns), start=cast(literal(0), BigInteger))
    some = select(*columns, size.label("size")).where(condition).order_by(*keys).limit(limit).subquery()
    order = [some.c[key.name] for key in keys]
    before = func.sum(some.c.size).over(order_by=order, rows=(None, 0)) - some.c.size
    shown = [each for each in some.c if each.name != "size"]
    sized = select(*shown, before.label(_BEFORE), func.count().over().label(_FOUND)).subquery()
    return select(sized).where(sized.c[_BEFORE] < BYTES_AT_ONCE).order_by(*(sized.c[key.name] for key in keys))


def _size_of(column: Any) -> ColumnElement[int]:
    """Return the bytes of a value, as far as the database knows them without reading it."""
    match column.type:
        case String() | LargeBinary():
            return func.coalesce(func.octet_length(column), 0)
        case JSON() | ARRAY():
            return func.coalesce(cast(func.pg_column_size(column), BigInteger) * UNPACKED, 0)
        case _:
            return literal(0)
