"""Stops calls in flight whose task was stopped, within half a second, also while Temporal is away.

One query a worker and half second, however many calls are in flight, asks the truth itself. Heartbeats would do it too,
but each one is a write in Temporal's database, for every call in flight, twice a second.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import psycopg
import structlog
from psycopg_pool import PoolClosed

from chimera.db.engine import Connection, Database
from models.errors import ChimeraError

log = structlog.get_logger()

LOOK_SECONDS = 0.5

Id = TypeVar("Id", bound=str)


class Stops(Generic[Id]):
    """Knows which calls of this worker are in flight, and looks whether what they are for still stands.

    `stopped_among` says which of some ids were stopped, `refusal` makes the error that a stopped call ends with.
    """

    def __init__(
        self,
        database: Database,
        stopped_among: Callable[[Connection, set[Id]], Awaitable[set[Id]]],
        refusal: Callable[[Id], ChimeraError],
    ) -> None:
        self._database = database
        self._stopped_among = stopped_among
        self._refusal = refusal
        self._in_flight: dict[asyncio.Task[object], Id] = {}
        self._stopped: set[asyncio.Task[object]] = set()
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watch(self, id: Id) -> AsyncIterator[None]:
        """Cut the block short when what it is for is stopped: it then raises the refusal."""
        running = asyncio.current_task()
        if running is None:
            raise RuntimeError("watch must run in a task")
        self._in_flight[running] = id
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        except asyncio.CancelledError:
            if running not in self._stopped:
                raise
            running.uncancel()
            raise self._refusal(id) from None
        finally:
            self._in_flight.pop(running, None)
            self._stopped.discard(running)

    async def _look(self) -> None:
        """Look as long as calls are in flight."""
        while self._in_flight:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async with self._database.statements() as connection:
                    stopped = await self._stopped_among(connection, set(self._in_flight.values()))
            except PoolClosed:
                # The worker has ended.
                return
            except (psycopg.Error, OSError) as error:
                log.warning("stops_not_read", error=type(error).__name__)
                continue
            for running, id in list(self._in_flight.items()):
                if id in stopped and running not in self._stopped:
                    self._stopped.add(running)
                    running.cancel()
