"""Schedules: the recurring task's words. When it is due is Temporal's business."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Schedule
from models.errors import NotFound
from models.ids import ScheduleId, UserId
from models.schedules import ScheduleSpec
from models.users import Caller

MAX_LISTED = 100


async def create(session: AsyncSession, owner_id: UserId, spec: ScheduleSpec) -> Schedule:
    schedule = Schedule(
        owner_id=owner_id, name=spec.name, spec=spec.model_dump(mode="json", exclude_unset=True), paused=spec.paused
    )
    session.add(schedule)
    await session.flush()
    return schedule


async def of(session: AsyncSession, caller: Caller) -> Sequence[Schedule]:
    """Return the caller's schedules (an admin gets everybody's), newest first, at most 100."""
    statement = select(Schedule).where(*_visible_to(caller)).order_by(Schedule.created_at.desc()).limit(MAX_LISTED)
    return (await session.scalars(statement)).all()


async def one(session: AsyncSession, caller: Caller, schedule_id: ScheduleId, *, lock: bool = False) -> Schedule:
    """Return the caller's schedule. Raises NotFound, also for somebody else's."""
    statement = select(Schedule).where(Schedule.id == schedule_id, *_visible_to(caller))
    schedule = await session.scalar(statement.with_for_update() if lock else statement)
    if schedule is None:
        raise NotFound("schedule", schedule_id)
    return schedule


async def read_spec(session: AsyncSession, schedule_id: ScheduleId) -> ScheduleSpec:
    """Return what a schedule does when it is due; doesn't ask who is asking. Raises NotFound."""
    schedule = await session.get(Schedule, schedule_id)
    if schedule is None:
        raise NotFound("schedule", schedule_id)
    return spec_of(schedule)


def spec_of(schedule: Schedule) -> ScheduleSpec:
    return ScheduleSpec.model_validate(schedule.spec)


def _visible_to(caller: Caller) -> list[ColumnElement[bool]]:
    return [] if caller.role == "admin" else [Schedule.owner_id == caller.user_id]
