"""The connection pools, and the transactions in which everything is written."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import ClauseElement, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from chimera.config.settings import Settings
from chimera.db.refusals import DISK_FULL, sqlstate_of

HOT_POOL_CONNECTIONS = 4
"""A statement of the hot path takes less than a millisecond, so with more connections PostgreSQL would only switch
between them.
"""
HOT_POOL_SECONDS = 20.0
"""How long a model call waits for a connection; waiting is cheaper than a retry."""

READ_SECONDS = 10.0
"""How long a caller's read waits for a connection. Writes do the same, so that a burst of requests waits its turn."""

AWAY = (psycopg.OperationalError, psycopg.InternalError, OSError)
"""The driver's errors while the database is away, restarting, full or read-only (a failover): worth a retry."""

SESSION_AWAY = (OperationalError, InternalError, InterfaceError, PoolTimeout, OSError)
"""The same errors as a session raises them, and the error of a pool that has no connection left."""

FULL_SECONDS = 30.0
"""How long a write that failed because of a full disk counts as recent. Reads still work, so they don't show whether
the disk is full."""

CACHED_CHARS = 4096
"""The longest statement that psycopg parses only once (3.3, `MAX_CACHED_STATEMENT_LENGTH`)."""

Connection = psycopg.AsyncConnection[Any]
"""The driver's connection; its rows have the columns as attributes."""


class Database:
    """One per process. `async with db.begin() as session` is a transaction that commits at the end.

    `connection()` is the same without SQLAlchemy. It is for the statements of the hot path, because SQLAlchemy's
    overhead would be added to every model call.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.database_url is None:
            raise ValueError(
                "CHIMERA_DATABASE_URL is not set. Start Chimera with ./start.sh, or set this variable to the address"
                " of a PostgreSQL database."
            )
        self.engine: AsyncEngine = create_async_engine(
            driver_url(settings.database_url),
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_pool_overflow,
            # A burst of requests waits its turn, and is rejected (503) before most clients would give up.
            pool_timeout=10,
            pool_recycle=1800,
            # Errors name the statement but not its values, which are prompts, answers and hashes of keys.
            hide_parameters=True,
            # `connect_timeout` limits each attempt to connect, for example to a restarting server, in seconds.
            connect_args={"connect_timeout": 3, "prepare_threshold": 3},
        )
        self._overflow = settings.database_pool_overflow
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._pool = AsyncConnectionPool[Connection](
            settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1),
            min_size=1,
            max_size=min(HOT_POOL_CONNECTIONS, settings.database_pool_size),
            timeout=HOT_POOL_SECONDS,
            kwargs={"row_factory": namedtuple_row, "prepare_threshold": 3, "connect_timeout": 3, "autocommit": True},
            open=False,
        )
        self._opening = asyncio.Lock()
        self._full_at = float("-inf")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction; it commits when the block ends and rolls back when it raises."""
        with self._noting():
            async with self._sessions.begin() as session:
                yield session

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Open a transaction on a connection of the driver; it ends like a transaction of `begin`."""
        async with self.statements() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def statements(self, wait_s: float = HOT_POOL_SECONDS) -> AsyncIterator[Connection]:
        """Lend a connection on which each statement is a transaction, without round trips for BEGIN and COMMIT."""
        if self._pool.closed:
            async with self._opening:
                await self._pool.open()
        # The pool's own context manager would end a transaction each time, though there is none.
        connection = await self._pool.getconn(wait_s)
        try:
            with self._noting():
                yield connection
        finally:
            await self._pool.putconn(connection)

    def connections(self) -> tuple[int, int]:
        """Return how many connections of both pools are in use, and the largest number of connections."""
        hot = self._pool.get_stats()
        in_use = hot.get("pool_size", 0) - hot.get("pool_available", 0)
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        most = self._pool.max_size + pool.size() + self._overflow
        return in_use + pool.checkedout(), most

    def was_full(self) -> bool:
        """Return whether a write of this process was recently rejected because the database's disk is full."""
        return time.monotonic() - self._full_at < FULL_SECONDS

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if sqlstate_of(error) == DISK_FULL:
                self._full_at = time.monotonic()
            raise

    async def close(self) -> None:
        await self._pool.close()
        await self.engine.dispose()


async def one(cursor: psycopg.AsyncCursor[Any]) -> Any:
    """Return the first row of a statement's result. Raises LookupError if there is none."""
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("the row is gone")
    return row


async def scalar(cursor: psycopg.AsyncCursor[Any]) -> int | None:
    """Return the number in a statement's first row, or None if there is no row or the number is NULL."""
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else int(row[0])


def one_line(statement: str) -> str:
    """Remove line breaks and indentation: at each use, psycopg parses statements above 4,096 characters again.

    Raises ValueError if the statement is still too long.
    """
    short = " ".join(statement.split())
    if len(short) > CACHED_CHARS:
        raise ValueError(
            f"The statement is {len(short)} characters long, so it would be parsed every time it runs. Shorten it."
        )
    return short


_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotation there


def sql_of(statement: ClauseElement) -> str:
    """Compile a SQLAlchemy statement to the driver's syntax, with named parameters."""
    return one_line(str(statement.compile(dialect=_DIALECT)))


def sql_and_constants(statement: Select[Any]) -> tuple[str, dict[str, Any]]:
    """Compile a query as `sql_of` does; return it with its constants, by the names of their parameters.

    Its other parameters need a default value.
    """
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return one_line(str(compiled)), dict(compiled.params)


def words(statuses: Iterable[StrEnum]) -> list[str]:
    """Return statuses as a parameter for `= ANY(…)`."""
    return sorted(status.value for status in statuses)


def driver_url(url: str) -> str:
    """Add the driver to a plain `postgresql://` address, as SQLAlchemy expects it."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url
