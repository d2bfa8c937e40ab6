"""Concurrent deliveries of schedules to a Temporal that is slow or rejects them."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from chimera.db.engine import Database
from chimera.db.tables import Outbox, Schedule
from chimera.ledger import outbox
from chimera.temporal import schedule_dispatcher
from chimera.temporal.schedule_dispatcher import CONCURRENT_DELIVERIES, ScheduleDispatcher
from models.errors import InvalidInput
from models.ids import ScheduleId, UserId
from models.schedules import ScheduleSpec
from tests.runs import new_user
from tests.until import LIMIT_S, until


class Temporal:
    """Responds at once, except about the held schedule, and rejects schedules named "Refused"."""

    def __init__(self) -> None:
        self.given: list[ScheduleId] = []
        self.held: ScheduleId | None = None
        self.go_on = asyncio.Event()

    async def replace(self, schedule_id: ScheduleId, owner_id: UserId, spec: ScheduleSpec, *, paused: bool) -> None:
        self.given.append(schedule_id)
        if schedule_id == self.held:
            await self.go_on.wait()
        if spec.name == "Refused":
            raise InvalidInput("time_zone", "Temporal rejected this schedule.")


@pytest.fixture
def temporal() -> Temporal:
    return Temporal()


@pytest.fixture
def dispatcher(database: Database, temporal: Temporal) -> ScheduleDispatcher:
    return ScheduleDispatcher(database, temporal)  # type: ignore[arg-type]


async def test_one_schedules_changes_hold_no_other(
    database: Database, temporal: Temporal, dispatcher: ScheduleDispatcher
) -> None:
    busy, other = await _changed(database), await _changed(database)
    temporal.held = busy
    waiting = [asyncio.create_task(dispatcher.deliver(busy)) for _ in range(CONCURRENT_DELIVERIES * 2)]
    await until(lambda: temporal.given == [busy])
    async with asyncio.timeout(LIMIT_S):
        await dispatcher.deliver(other)
    assert temporal.given == [busy, other]
    temporal.go_on.set()
    await asyncio.gather(*waiting)
    assert [await _undelivered(database, each) for each in (busy, other)] == [0, 0]
    assert not dispatcher._turns


async def test_a_long_wait_leaves_it_to_the_sweeper(
    database: Database, temporal: Temporal, dispatcher: ScheduleDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_dispatcher, "TURN_LIMIT", timedelta(milliseconds=50))
    schedule_id = await _changed(database)
    temporal.held = schedule_id
    first = asyncio.create_task(dispatcher.deliver(schedule_id))
    await until(lambda: temporal.given == [schedule_id])
    async with asyncio.timeout(LIMIT_S):
        assert await dispatcher.deliver(schedule_id) is None
    assert (temporal.given, first.done()) == ([schedule_id], False)
    temporal.go_on.set()
    await first
    assert await _undelivered(database, schedule_id) == 0


async def test_a_rejection_that_sweeps_dropped_is_reported(
    database: Database, temporal: Temporal, dispatcher: ScheduleDispatcher
) -> None:
    schedule_id = await _changed(database, "Refused")
    sweeper = ScheduleDispatcher(database, temporal)  # type: ignore[arg-type]
    for _ in range(2):
        assert await sweeper.deliver(schedule_id) is not None
    assert await _undelivered(database, schedule_id) == 0
    rejection = await dispatcher.deliver(schedule_id)
    assert rejection is not None
    assert (rejection.error.field, rejection.spec["name"]) == ("time_zone", "Refused")


async def _changed(database: Database, name: str = "Report") -> ScheduleId:
    """Store a schedule that Temporal hasn't received yet."""
    spec = {"name": name, "task": {"goal": "Report."}, "interval_s": 3600}
    owner_id = await new_user(database)
    async with database.begin() as session:
        new = insert(Schedule).values(owner_id=owner_id, name=name, spec=spec, paused=False).returning(Schedule.id)
        schedule_id = ScheduleId((await session.execute(new)).scalar_one())
        await outbox.enqueue_schedule(session, schedule_id)
    return schedule_id


async def _undelivered(database: Database, schedule_id: ScheduleId) -> int:
    count = select(func.count()).select_from(Outbox).where(Outbox.schedule_id == schedule_id)
    async with database.begin() as session:
        return await session.scalar(count) or 0
