"""Schedules: tasks that recur. The row has the words, Temporal the rhythm; the two are changed together."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api.deps import API, ClosedRoute, Parts, WithCaller, WithParts, WithScheduleId
from chimera.db import schedules, task_views
from chimera.db.tables import Schedule
from chimera.db.task_views import TaskFilter
from models.ids import ScheduleId
from models.schedules import ScheduleSpec, ScheduleView
from models.tasks import TaskPage

router = APIRouter(prefix="/schedules", tags=["schedules"], route_class=ClosedRoute)


@router.post("", operation_id="create_schedule", status_code=status.HTTP_201_CREATED)
async def create_schedule(spec: ScheduleSpec, caller: WithCaller, parts: WithParts, response: Response) -> ScheduleView:
    """Have a task run again and again. Nothing is stored when Temporal refuses or is away."""
    async with parts.database.begin() as session:
        await parts.checks.schedule(session, caller.user_id, spec)
        schedule = await schedules.create(session, caller.user_id, spec)
        await parts.schedules.create(ScheduleId(schedule.id), caller.user_id, spec)
    response.headers["Location"] = f"{API}/schedules/{schedule.id}"
    return await _view(parts, schedule)


@router.get("", operation_id="list_schedules")
async def list_schedules(caller: WithCaller, parts: WithParts) -> tuple[ScheduleView, ...]:
    """List the caller's schedules, newest first, at most 100."""
    async with parts.database.begin() as session:
        found = await schedules.of(session, caller)
    return tuple(await asyncio.gather(*(_view(parts, schedule) for schedule in found)))


@router.get("/{schedule_id}", operation_id="get_schedule")
async def get_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> ScheduleView:
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id)
    return await _view(parts, schedule)


@router.delete("/{schedule_id}", operation_id="delete_schedule", status_code=status.HTTP_204_NO_CONTENT)
async def delete_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> None:
    """End a schedule; tasks that it made remain."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, lock=True)
        await parts.schedules.delete(schedule_id)
        await session.delete(schedule)


@router.post("/{schedule_id}/pause", operation_id="pause_schedule")
async def pause_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> ScheduleView:
    """Begin no further run until it is resumed."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, lock=True)
        await parts.schedules.pause(schedule_id, paused=True)
        schedule.paused = True
    return await _view(parts, schedule)


@router.post("/{schedule_id}/resume", operation_id="resume_schedule")
async def resume_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> ScheduleView:
    """Go on after a pause."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id, lock=True)
        await parts.schedules.pause(schedule_id, paused=False)
        schedule.paused = False
    return await _view(parts, schedule)


@router.post("/{schedule_id}/trigger", operation_id="trigger_schedule", status_code=status.HTTP_202_ACCEPTED)
async def trigger_schedule(schedule_id: WithScheduleId, caller: WithCaller, parts: WithParts) -> ScheduleView:
    """Start a run now, beside the rhythm; it appears among the runs in a moment."""
    async with parts.database.begin() as session:
        schedule = await schedules.one(session, caller, schedule_id)
    await parts.schedules.trigger(schedule_id)
    return await _view(parts, schedule)


@router.get("/{schedule_id}/runs", operation_id="list_schedule_runs")
async def list_schedule_runs(
    schedule_id: WithScheduleId,
    caller: WithCaller,
    parts: WithParts,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> TaskPage:
    """List the tasks that a schedule has made, newest first."""
    list_name = f"runs {caller.user_id} {schedule_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        await schedules.one(session, caller, schedule_id)
        views, place = await task_views.page(
            session, caller, parts.temporal.ui_url, only=TaskFilter(schedule_id=schedule_id), after=after, limit=limit
        )
    return TaskPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


async def _view(parts: Parts, schedule: Schedule) -> ScheduleView:
    schedule_id, spec = ScheduleId(schedule.id), schedules.spec_of(schedule)
    next_runs: list[datetime] = [] if schedule.paused else await parts.schedules.next_runs(schedule_id)
    return ScheduleView(
        id=schedule_id,
        name=schedule.name,
        task=spec.task,
        cron=spec.cron,
        interval_s=spec.interval_s,
        time_zone=spec.time_zone,
        overlap=spec.overlap,
        paused=schedule.paused,
        next_runs=tuple(next_runs[:5]),
        created_at=schedule.created_at,
    )
