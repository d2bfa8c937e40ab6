"""Routes for schedules: recurring tasks, stored in the database. The outbox sends their calendars to Temporal."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, status
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Match
from starlette.types import Scope

from api.deps import API, ClosedRoute, Parts, WithCaller, WithParts, WithScheduleId
from api.etags import ChecksTag, ShowsVersion, Tagged
from api.idempotency import KEYED, WithKey
from api.paging import Cursor, Limit, WithShared
from chimera.db.tables import Schedule
from chimera.ledger import outbox
from chimera.store import agents, schedules, shares, task_views, user_limits
from chimera.store.schedules import Version
from chimera.store.task_views import TaskFilter
from chimera.store.user_limits import OPEN_TASKS_LIMIT, SCHEDULES_LIMIT
from models.due_times import backfilled, next_times
from models.errors import Forbidden
from models.ids import ScheduleId, UserId
from models.schedules import (
    BackfillSpec,
    BackfillView,
    PreviewSpec,
    PreviewView,
    SchedulePage,
    ScheduleSpec,
    ScheduleView,
)
from models.shares import Right, ShareKind
from models.tasks import TaskPage
from models.users import Caller

_PREVIEW = "/preview"


class ScheduleRoute(ClosedRoute):
    """Doesn't take the address of the preview for that of a schedule."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        is_preview = f"/{child.get('path_params', {}).get('schedule_id')}" == _PREVIEW
        return (Match.NONE, {}) if is_preview else (match, child)


router = APIRouter(prefix="/schedules", tags=["schedules"], route_class=ScheduleRoute)

NEXT_SHOWN = 10


@router.post("", operation_id="create_schedule", status_code=status.HTTP_201_CREATED)
async def create_schedule(spec: ScheduleSpec, caller: WithCaller, parts: WithParts, keyed: WithKey) -> ScheduleView:
    """Create a recurring task.

    The schedule is stored even if Temporal is unavailable. If Temporal rejects it, nothing is stored.
    """
    async with parts.database.begin() as session:
        refs = await parts.checks.schedule(session, caller.user_id, spec)
        schedule = await schedules.create(session, caller.user_id, spec, refs)
        await user_limits.check_added(session, caller.user_id, SCHEDULES_LIMIT, parts.settings)
        await outbox.enqueue_schedule(session, ScheduleId(schedule.id))
        view = _view(schedule)
        await keyed.made(session, view, status.HTTP_201_CREATED, location=f"{API}/schedules/{schedule.id}")
    rejection = await parts.schedule_dispatcher.deliver(ScheduleId(schedule.id))
    if rejection is not None and rejection.spec == schedule.spec:
        await _remove(parts, caller, ScheduleId(schedule.id))
        raise rejection.error
    return view


@router.post(_PREVIEW, operation_id="preview_schedule")
async def preview_schedule(spec: PreviewSpec, caller: WithCaller, parts: WithParts) -> PreviewView:
    """Validate a schedule and preview its next runs, starting from now or from `after`. Nothing is stored."""
    async with parts.database.begin() as session:
        await parts.checks.schedule(session, caller.user_id, spec)
    times = next_times(spec, spec.after or datetime.now(UTC), NEXT_SHOWN)
    return PreviewView(time_zone=spec.time_zone, next_runs=tuple(times))


@router.get("", operation_id="list_schedules")
async def list_schedules(
    caller: WithCaller, parts: WithParts, shared: WithShared = None, limit: Limit = 20, cursor: Cursor = None
) -> SchedulePage:
    """List your schedules, newest first. Administrators see all users' schedules."""
    of = f"schedules {caller.user_id} {shared}"
    after = parts.cursors.open(cursor, of) if cursor else None
    async with parts.database.begin() as session:
        found, place = await schedules.page(session, caller, shared=shared, after=after, limit=limit)
    items = await asyncio.to_thread(list, map(_view, found))
    return SchedulePage(items=tuple(items), next_cursor=parts.cursors.seal(place, of) if place else None)


@router.get("/{schedule_id}", operation_id="get_schedule")
async def get_schedule(
    schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts, tagged: ShowsVersion
) -> ScheduleView:
    """Show a schedule: its timing, the task that it creates and its next runs."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, Right.VIEW)
    tagged.show(*schedules.edited_fields(schedule))
    return _view(schedule)


@router.put("/{schedule_id}", operation_id="replace_schedule")
async def replace_schedule(
    schedule_id: WithScheduleId, spec: ScheduleSpec, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> ScheduleView:
    """Replace a schedule. Runs in progress continue. If Temporal rejects the new schedule, the old one is kept."""
    async with parts.database.begin() as session:
        schedule = await _own(session, caller, schedule_id)
        tagged.check(*schedules.edited_fields(schedule))
        refs = await parts.checks.schedule(session, caller.user_id, spec)
        before = schedules.version_of(schedule)
        schedules.replace(schedule, spec, refs)
        written = schedules.version_of(schedule)
        await outbox.enqueue_schedule(session, schedule_id)
    rejection = await parts.schedule_dispatcher.deliver(schedule_id)
    if rejection is not None and rejection.spec == written.spec:
        await _restore(parts, caller, schedule_id, before, written)
        raise rejection.error
    tagged.show(*schedules.edited_fields(schedule))
    return _view(schedule)


@router.delete("/{schedule_id}", operation_id="delete_schedule", status_code=status.HTTP_204_NO_CONTENT)
async def delete_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> None:
    """Delete a schedule. The tasks that it created are kept."""
    await _remove(parts, caller, schedule_id, tagged)


@router.post("/{schedule_id}/pause", operation_id="pause_schedule")
async def pause_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> ScheduleView:
    """Pause a schedule. Until you resume it, runs that are due don't start."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, Right.USE, lock=True)
        schedule.paused = True
        await outbox.enqueue_schedule(session, schedule_id)
    await parts.schedule_dispatcher.deliver(schedule_id)
    return _view(schedule)


@router.post("/{schedule_id}/resume", operation_id="resume_schedule")
async def resume_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> ScheduleView:
    """Resume a paused schedule and update its calendar in Temporal."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, Right.USE, lock=True)
        schedules.spec_of(schedule)
        schedule.paused = False
        await outbox.enqueue_schedule(session, schedule_id)
    await parts.schedule_dispatcher.deliver(schedule_id)
    return _view(schedule)


@router.post("/{schedule_id}/trigger", operation_id="trigger_schedule", status_code=status.HTTP_202_ACCEPTED)
async def trigger_schedule(
    schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts, keyed: WithKey
) -> ScheduleView:
    """Start an extra run of a schedule now. Shortly afterward, the run appears in the schedule's list of runs."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id)
        await _check_possible(parts, session, schedule, schedules.spec_of(schedule))
        # Temporal may have lost the schedule.
        await outbox.enqueue_schedule(session, schedule_id)
    await parts.schedule_dispatcher.deliver(schedule_id)
    # Temporal's response may get lost. A repeated request starts no other run, because its ID is the same.
    await parts.schedules.trigger(schedule_id, keyed.claimed.id if keyed.claimed else None)
    return _view(schedule)


@router.post(
    "/{schedule_id}/backfill",
    operation_id="backfill_schedule",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[KEYED],
)
async def backfill_schedule(
    schedule_id: WithScheduleId, backfill: BackfillSpec, caller: WithCaller, parts: WithParts
) -> BackfillView:
    """Backfill a schedule: create the runs that were due in a past period. Existing runs aren't created again."""
    async with parts.database.begin() as session:
        schedule = await _own(session, caller, schedule_id)
        spec = schedules.spec_of(schedule)
        await _check_possible(parts, session, schedule, spec)
        due = await asyncio.to_thread(backfilled, spec, backfill, datetime.now(UTC))
        # Temporal uses its own copy of the calendar, which may be a year old.
        await outbox.enqueue_schedule(session, schedule_id)
    await parts.schedule_dispatcher.deliver(schedule_id)
    await parts.schedules.backfill(schedule_id, due, backfill.overlap)
    return BackfillView(runs=tuple(due))


@router.get("/{schedule_id}/runs", operation_id="list_schedule_runs")
async def list_schedule_runs(
    schedule_id: WithScheduleId,
    caller: WithCaller,
    parts: WithParts,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TaskPage:
    """List the tasks that a schedule has created, newest first."""
    list_name = f"runs {caller.user_id} {schedule_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        await schedules.one(session, caller, schedule_id, Right.VIEW)
        views, place = await task_views.page(
            session, caller, parts.temporal.ui_url, only=TaskFilter(schedule_id=schedule_id), after=after, limit=limit
        )
    return TaskPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


async def _own(session: AsyncSession, caller: Caller, schedule_id: ScheduleId) -> Schedule:
    """Return and lock one of the caller's schedules. Only the owner may change a schedule, because the owner pays for
    its tasks.
    """
    schedule = await schedules.one(session, caller, schedule_id, lock=True)
    if schedule.owner_id != caller.user_id:
        raise Forbidden("Only the owner can change or backfill a schedule. Administrators can pause or delete it.")
    return schedule


async def _check_possible(parts: Parts, session: AsyncSession, schedule: Schedule, spec: ScheduleSpec) -> None:
    """Raise if a requested run would be skipped: InactiveAgent or UnknownAgent, or LimitReached for the owner's open
    tasks.
    """
    owner_id = UserId(schedule.owner_id)
    await agents.check_active(session, owner_id, {subtask.agent for subtask in spec.task.plan or ()})
    await user_limits.check_room(session, owner_id, OPEN_TASKS_LIMIT, parts.settings, 1)


async def _restore(parts: Parts, caller: Caller, schedule_id: ScheduleId, before: Version, written: Version) -> None:
    async with parts.database.begin() as session:
        if schedules.restore(await _own(session, caller, schedule_id), before, written):
            await outbox.enqueue_schedule(session, schedule_id)
    await parts.schedule_dispatcher.deliver(schedule_id)


async def _remove(parts: Parts, caller: Caller, schedule_id: ScheduleId, tagged: Tagged | None = None) -> None:
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, lock=True)
        if tagged is not None:
            tagged.check(*schedules.edited_fields(schedule))
        await session.delete(schedule)
        await shares.forget(session, ShareKind.SCHEDULE, [schedule_id])
        await outbox.enqueue_schedule(session, schedule_id)
    await parts.schedule_dispatcher.deliver(schedule_id)


def _view(schedule: Schedule) -> ScheduleView:
    return schedules.view(schedule, datetime.now(UTC), NEXT_SHOWN)
