"""Delivers the rows of changed schedules to Temporal: at once if possible, otherwise by a sweeper."""

import asyncio
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.service import RPCError

from chimera.db.engine import SESSION_AWAY, Database
from chimera.db.tables import Schedule
from chimera.ledger import outbox
from chimera.store import schedules
from chimera.temporal.client import RPC_TIMEOUT
from chimera.temporal.schedules import Schedules
from models.errors import ChimeraError, InvalidInput
from models.ids import ScheduleId, UserId

log = structlog.get_logger()

CONCURRENT_DELIVERIES = 5
"""Each delivery holds a database connection until Temporal responds."""

LOCK_LIMIT = 3 * RPC_TIMEOUT
"""How long a delivery waits for another of the same schedule, which makes up to two requests to Temporal."""

TURN_LIMIT = 2 * RPC_TIMEOUT
"""How long a delivery waits for others in this process, so that a request never waits long for a slow Temporal."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Temporal's rejection of a schedule as its row was."""

    error: InvalidInput
    spec: dict[str, Any]
    """The row's specification. It tells a request whether its own change was rejected, or a later one."""


class ScheduleDispatcher:
    """Delivers changes of schedules from the outbox to Temporal."""

    def __init__(self, database: Database, temporal_schedules: Schedules) -> None:
        self._database = database
        self._schedules = temporal_schedules
        self._limit = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        # A schedule's turn is taken before a place, so that its changes don't occupy places while they wait in turn.
        self._turns: WeakValueDictionary[ScheduleId, asyncio.Lock] = WeakValueDictionary()

    async def deliver(self, schedule_id: ScheduleId) -> Rejection | None:
        """Send a schedule to Temporal as its row is now; return Temporal's rejection, if any.

        Never raises: a change that was not delivered stays in the outbox and is retried. The first time that Temporal
        rejects a change, its caller may undo it. If it is rejected again, it is dropped, and the schedule's note
        contains the reason.
        """
        turn = self._turns.setdefault(schedule_id, asyncio.Lock())
        try:
            async with asyncio.timeout(TURN_LIMIT.total_seconds()) as waiting, turn, self._limit:
                waiting.reschedule(None)
                return await self._deliver(schedule_id)
        except TimeoutError:
            log.warning("schedule_left_to_sweeper", schedule_id=schedule_id)
        except SESSION_AWAY as error:
            log.warning("outbox_database_away", schedule_id=schedule_id, error=type(error).__name__)
        except SQLAlchemyError:
            log.exception("outbox_not_read", schedule_id=schedule_id)
        return None

    async def _deliver(self, schedule_id: ScheduleId) -> Rejection | None:
        is_first = True
        while True:
            async with self._database.begin() as session:
                change = await outbox.take_schedule(session, schedule_id, LOCK_LIMIT)
                schedule = await schedules.by_id(session, schedule_id)
                if change is None:
                    return await self._rejected_before(schedule) if is_first else None
                try:
                    await self._send(schedule_id, schedule)
                except (ChimeraError, RPCError, RuntimeError, ValueError) as error:
                    log.warning("schedule_not_delivered", schedule_id=schedule_id, error=str(error)[:200])
                    return await _failed(session, change, schedule, error)
                await outbox.drop_schedule(session, change)
            is_first = False

    async def _rejected_before(self, schedule: Schedule | None) -> Rejection | None:
        """Return why Temporal rejects a schedule whose change another delivery may have dropped for that reason.

        A note on the row, which may also be about a skipped run, shows that this is possible. Only Temporal knows the
        error, so the schedule is sent again.
        """
        if schedule is None or schedule.skipped_at is None:
            return None
        try:
            await self._send(ScheduleId(schedule.id), schedule)
        except InvalidInput as error:
            return Rejection(error, schedule.spec)
        except (ChimeraError, RPCError, RuntimeError, ValueError) as error:
            log.warning("schedule_not_delivered", schedule_id=schedule.id, error=str(error)[:200])
        return None

    async def sweep(self) -> None:
        """Deliver what the API could not deliver itself."""
        async with self._database.begin() as session:
            due = await outbox.schedules_due(session, limit=100)
        await asyncio.gather(*map(self.deliver, due))

    async def _send(self, schedule_id: ScheduleId, schedule: Schedule | None) -> None:
        if schedule is None:
            await self._schedules.delete(schedule_id)
            return
        try:
            spec = schedules.spec_of(schedule)
        except InvalidInput as error:
            # The specification is from an earlier version. The row is not paused, so the schedule continues once it is
            # replaced.
            await self._schedules.pause(schedule_id, note=error.message)
            return
        await self._schedules.replace(schedule_id, UserId(schedule.owner_id), spec, paused=schedule.paused)


async def _failed(
    session: AsyncSession, change: outbox.Change, schedule: Schedule | None, error: Exception
) -> Rejection | None:
    rejection = Rejection(error, schedule.spec) if schedule is not None and isinstance(error, InvalidInput) else None
    if schedule is not None and rejection is not None and change.was_tried:
        await schedules.note_rejected(session, schedule, rejection.error.message)
        await outbox.drop_schedule(session, change)
    else:
        await outbox.schedule_failed(session, change, str(error))
    return rejection
