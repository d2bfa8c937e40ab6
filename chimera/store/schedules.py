"""Schedules: the specifications of recurring tasks. Temporal starts their runs when they are due."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Run, Schedule, User
from chimera.ledger import notifications
from chimera.store.access import listed_for, open_to, too_little
from chimera.store.pages import Place, newest
from chimera.store.shared_agents import with_refs
from models.cron import MACROS
from models.due_times import check_time_zone, next_times
from models.errors import Forbidden, InvalidInput, NotFound
from models.ids import ScheduleId, TaskId, UserId
from models.schedules import Overlap, ScheduleSpec, ScheduleView
from models.shares import Right, Shared, ShareKind
from models.tasks import TaskSpec
from models.users import Caller
from models.wording import sentence_of

_UNREADABLE = "(This version cannot read the goal.)"


async def create(
    session: AsyncSession, owner_id: UserId, spec: ScheduleSpec, refs: Mapping[str, str] = MappingProxyType({})
) -> Schedule:
    """Store a schedule, with the `refs` of `tasks.create`."""
    schedule = Schedule(owner_id=owner_id, name=spec.name, spec=_stored(spec, refs), paused=spec.paused)
    session.add(schedule)
    await session.flush()
    return schedule


class Version(NamedTuple):
    """The fields of a schedule that a replacement changes."""

    name: str
    spec: dict[str, Any]
    paused: bool
    skipped_at: datetime | None
    skipped_because: str | None


def version_of(schedule: Schedule) -> Version:
    return Version(*(getattr(schedule, field) for field in Version._fields))


def edited_fields(schedule: Schedule) -> tuple[object, ...]:
    """Return what users edit in a schedule, without what its runs note in the row."""
    return schedule.id, schedule.name, schedule.spec, schedule.paused


def replace(schedule: Schedule, spec: ScheduleSpec, refs: Mapping[str, str] = MappingProxyType({})) -> None:
    """Replace a schedule's specification; it stays paused unless the new one sets `paused`."""
    schedule.name = spec.name
    schedule.spec = _stored(spec, refs)
    schedule.skipped_at = schedule.skipped_because = None
    if "paused" in spec.model_fields_set:
        schedule.paused = spec.paused


def restore(schedule: Schedule, before: Version, written: Version) -> bool:
    """Undo a replacement, unless another one came after it; return whether it was undone.

    If another request has paused or resumed the schedule in between, that remains in effect.
    """
    if (schedule.name, schedule.spec) != (written.name, written.spec):
        return False
    schedule.name, schedule.spec = before.name, before.spec
    schedule.skipped_at, schedule.skipped_because = before.skipped_at, before.skipped_because
    if before.paused != written.paused == schedule.paused:
        schedule.paused = before.paused
    return True


async def page(
    session: AsyncSession, caller: Caller, *, shared: Shared | None = None, after: Place | None, limit: int
) -> tuple[list[Schedule], Place | None]:
    """Return up to `limit` schedules of the caller (for an admin, of all users), newest first, after a place, and the
    place where they end if more follow.
    """
    rows = select(Schedule, Schedule.created_at.label("created_at"), Schedule.id.label("id")).where(
        *listed_for(caller, ShareKind.SCHEDULE, shared)
    )
    found, place = await newest(session, rows, Schedule.created_at, Schedule.id, after=after, limit=limit)
    return [row.Schedule for row in found], place


async def one(
    session: AsyncSession,
    caller: Caller,
    schedule_id: ScheduleId,
    right: Right | None = None,
    *,
    lock: bool = False,
) -> Schedule:
    """Return the caller's schedule. With `right`, also one that is shared with this right.

    Raises NotFound, also for another user's schedule, and Forbidden if the caller only may do less with it.
    """
    found = select(Schedule).where(Schedule.id == schedule_id)
    statement = found.where(*open_to(caller, ShareKind.SCHEDULE, right))
    schedule = await session.scalar(statement.with_for_update(of=Schedule) if lock else statement)
    if schedule is not None:
        return schedule
    if await session.scalar(found.where(*open_to(caller, ShareKind.SCHEDULE))) is not None:
        raise too_little("schedule", right)
    raise NotFound("schedule", schedule_id)


async def due(session: AsyncSession, schedule_id: ScheduleId) -> Schedule:
    """Return a due schedule of any owner. Raises NotFound, and Forbidden if the owner may not start tasks now."""
    statement = select(Schedule, User.disabled_at, User.role).join(User, User.id == Schedule.owner_id)
    statement = statement.where(Schedule.id == schedule_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("schedule", schedule_id)
    if row.disabled_at is not None:
        raise Forbidden("The account that owns this schedule is disabled. Enable the account, or delete the schedule.")
    if row.role == "viewer":
        raise Forbidden(
            "The account that owns this schedule has the role 'viewer', which can't start tasks. Ask an administrator"
            " to change the role or to delete the schedule."
        )
    schedule: Schedule = row.Schedule
    return schedule


async def task_of(session: AsyncSession, scheduled_run_id: str | None) -> TaskId | None:
    """Return the task that this scheduled run has created, or None if there is none yet."""
    task_id = await session.scalar(select(Run.id).where(Run.scheduled_run_id == scheduled_run_id))
    return None if task_id is None else TaskId(task_id)


async def note_skipped(session: AsyncSession, schedule_id: ScheduleId, reason: str) -> None:
    """Record why the run that is due now is skipped."""
    skipped = {"skipped_at": func.now(), "skipped_because": f"a run was skipped: {reason}"}
    await session.execute(update(Schedule).where(Schedule.id == schedule_id).values(skipped))
    await notifications.schedule_skipped(session, schedule_id, reason)


async def note_rejected(session: AsyncSession, schedule: Schedule, reason: str) -> None:
    """Record why Temporal rejected a schedule, unless its row has changed since it was read."""
    because = f"Temporal rejected the new timing, so the previous timing, if any, remains in effect: {reason}"
    as_read = update(Schedule).where(Schedule.id == schedule.id, Schedule.updated_at == schedule.updated_at)
    await session.execute(as_read.values(skipped_at=func.now(), skipped_because=because))
    await notifications.schedule_skipped(session, ScheduleId(schedule.id), because)


async def note_made(session: AsyncSession, schedule: Schedule) -> None:
    """Clear notes about earlier runs, because a run is made now."""
    if schedule.skipped_at is not None:
        schedule.skipped_at = schedule.skipped_because = None
        await session.flush()
        await notifications.schedule_goes_on(session, ScheduleId(schedule.id))


async def by_id(session: AsyncSession, schedule_id: ScheduleId) -> Schedule | None:
    """Return a schedule's current row, to be sent to Temporal, or None if the schedule was deleted."""
    return await session.scalar(select(Schedule).where(Schedule.id == schedule_id))


def spec_of(schedule: Schedule) -> ScheduleSpec:
    """Return a schedule's specification. Raises InvalidInput for an older one that is no longer accepted."""
    stored = dict(schedule.spec)
    # Earlier versions accepted these macros; each stands for five fields.
    stored["cron"] = MACROS.get(str(stored.get("cron")).lower(), stored.get("cron"))
    try:
        spec = ScheduleSpec.model_validate(stored)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise InvalidInput(field, sentence_of(first)) from None
    check_time_zone(spec.time_zone)
    return spec


def view(schedule: Schedule, now: datetime, count: int) -> ScheduleView:
    """Return the view of a schedule with up to `count` next runs. If this version can't read it, a note says so."""
    note, fields, next_runs = _note_of(schedule), dict(schedule.spec), []
    try:
        spec = spec_of(schedule)
        fields = spec.model_dump()
        next_runs = [] if schedule.paused else next_times(spec, now, count)
    except InvalidInput as error:
        note = f"The schedule isn't starting runs: {error.message} Replace or delete the schedule."
    return ScheduleView(
        id=ScheduleId(schedule.id),
        name=schedule.name,
        task=_readable(fields.get("task", {})),
        cron=fields.get("cron"),
        interval_s=fields.get("interval_s"),
        time_zone=fields.get("time_zone", "UTC"),
        overlap=fields["overlap"] if fields.get("overlap") in set(Overlap) else Overlap.SKIP,
        paused=schedule.paused,
        note=note,
        next_runs=tuple(next_runs),
        created_at=schedule.created_at,
    )


def _readable(task: Mapping[str, Any]) -> TaskSpec:
    """Return a stored task without the fields that this version no longer accepts."""
    fields = {"goal": _UNREADABLE, **task}
    while True:
        try:
            return TaskSpec.model_validate(fields)
        except ValidationError as error:
            rejected = {each["loc"][0] for each in error.errors() if each["loc"]}
            # An error of the task as a whole names no field.
            fields = {name: fields[name] for name in fields.keys() - rejected} if rejected else {}
            fields.setdefault("goal", _UNREADABLE)


def _stored(spec: ScheduleSpec, refs: Mapping[str, str]) -> dict[str, Any]:
    if refs and spec.task.plan:
        task = spec.task.model_copy(update={"plan": with_refs(spec.task.plan, refs)})
        spec = spec.model_copy(update={"task": task})
    return spec.model_dump(mode="json", exclude_unset=True)


def _note_of(schedule: Schedule) -> str | None:
    if schedule.skipped_at is None:
        return None
    at = schedule.skipped_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"At {at}, {schedule.skipped_because}"
