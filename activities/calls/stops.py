"""Interrupts calls in flight within half a second after their run was stopped, even while Temporal is unavailable.

Each worker reads the database with one query every half second, however many calls are in flight. Heartbeats would work
too, but they would write to Temporal's database twice a second for every call in flight.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import structlog
from psycopg_pool import PoolClosed

from chimera.db.engine import Database
from chimera.ledger import runs
from models.errors import RootStopped
from models.ids import RunId

log = structlog.get_logger()

LOOK_SECONDS = 0.5


class Stops:
    """Tracks this worker's calls in flight, and checks whether their runs were stopped."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_flight: dict[asyncio.Task[object], RunId] = {}
        self._stopped: set[asyncio.Task[object]] = set()
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watch(self, run_id: RunId) -> AsyncIterator[None]:
        """Interrupt the block when its run is stopped. The block then raises RootStopped."""
        running = asyncio.current_task()
        if running is None:
            raise RuntimeError("watch must run in a task")
        self._in_flight[running] = run_id
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        except asyncio.CancelledError:
            if running not in self._stopped:
                raise
            running.uncancel()
            raise RootStopped(run_id) from None
        finally:
            self._in_flight.pop(running, None)
            self._stopped.discard(running)

    async def _look(self) -> None:
        """Poll for stops while calls are in flight."""
        while self._in_flight:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async with self._database.statements() as connection:
                    stopped = await runs.stopped_among(connection, set(self._in_flight.values()))
            except PoolClosed:
                # The worker has ended.
                return
            except (psycopg.Error, OSError) as error:
                log.warning("stops_not_read", error=type(error).__name__)
                continue
            for running, run_id in list(self._in_flight.items()):
                if run_id in stopped and running not in self._stopped:
                    self._stopped.add(running)
                    running.cancel()
