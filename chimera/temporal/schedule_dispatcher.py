"""Gives Temporal what the rows of schedules say: at once where possible, otherwise by a sweeper."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.service import RPCError

from chimera.db.engine import Database
from chimera.ledger import outbox
from chimera.store import schedules
from chimera.temporal.schedules import Schedules
from models.errors import ChimeraError, InvalidInput
from models.ids import ScheduleId, UserId

log = structlog.get_logger()

CONCURRENT_DELIVERIES = 5
"""Each holds a connection of the database while Temporal answers."""


class ScheduleDispatcher:
    """Takes changes of schedules from the outbox to Temporal."""

    def __init__(self, database: Database, temporal_schedules: Schedules) -> None:
        self._database = database
        self._schedules = temporal_schedules
        self._limit = asyncio.Semaphore(CONCURRENT_DELIVERIES)

    async def deliver(self, schedule_id: ScheduleId) -> InvalidInput | None:
        """Give Temporal a schedule as its row is now; return the error when Temporal refuses its timing.

        Raises nothing: a change that was not delivered stays in the outbox and is retried.
        """
        async with self._limit:
            try:
                while True:
                    async with self._database.begin() as session:
                        change = await outbox.take_schedule(session, schedule_id)
                        if change is None:
                            return None
                        try:
                            await self._send(session, schedule_id)
                        except (ChimeraError, RPCError, RuntimeError, ValueError) as error:
                            log.warning("schedule_not_delivered", schedule_id=schedule_id, error=str(error)[:200])
                            await outbox.schedule_failed(session, change, str(error))
                            return error if isinstance(error, InvalidInput) else None
                        await outbox.schedule_delivered(session, change)
            except (SQLAlchemyError, OSError) as error:
                log.warning("outbox_database_away", schedule_id=schedule_id, error=type(error).__name__)
                return None

    async def sweep(self) -> None:
        """Deliver what the API could not deliver itself."""
        async with self._database.begin() as session:
            due = await outbox.schedules_due(session, limit=100)
        await asyncio.gather(*map(self.deliver, due))

    async def _send(self, session: AsyncSession, schedule_id: ScheduleId) -> None:
        schedule = await schedules.by_id(session, schedule_id)
        if schedule is None:
            await self._schedules.delete(schedule_id)
            return
        try:
            spec = schedules.spec_of(schedule)
        except InvalidInput as error:
            # Words of an earlier version. The row is not paused: replacing them lets it continue.
            await self._schedules.pause(schedule_id, note=error.message)
            return
        await self._schedules.replace(schedule_id, UserId(schedule.owner_id), spec, paused=schedule.paused)
