"""Recurring tasks on Temporal Schedules."""

from datetime import datetime, timedelta

from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.common import Priority
from temporalio.service import RPCError, RPCStatusCode

from chimera.settings import Settings
from chimera.temporal import RPC_TIMEOUT, Temporal, summary_of, task_attributes
from models.errors import Conflict, InvalidInput, Unavailable
from models.ids import ScheduleId, UserId, schedule_workflow_id
from models.schedules import Overlap, ScheduledRunInput
from models.schedules import ScheduleSpec as RecurringTask
from models.workflows import ScheduledTaskRuns


class Schedules:
    """The schedules of one Temporal namespace."""

    def __init__(self, settings: Settings, temporal: Temporal) -> None:
        self._settings = settings
        self._temporal = temporal

    async def create(self, schedule_id: ScheduleId, owner_id: UserId, spec: RecurringTask) -> None:
        """Put a recurring task on a Temporal Schedule. Raises InvalidInput for a rhythm that never comes."""
        client = await self._temporal.client()
        run = ScheduledRunInput(schedule_id=schedule_id, owner_id=owner_id, priority=spec.task.priority)
        schedule = Schedule(
            action=ScheduleActionStartWorkflow(
                ScheduledTaskRuns.run,
                run,
                id=schedule_workflow_id(schedule_id),
                task_queue=self._settings.task_queue,
                typed_search_attributes=task_attributes(owner_id, spec.task.priority),
                static_summary=summary_of(spec.name),
                priority=Priority(priority_key=spec.task.priority, fairness_key=owner_id),
            ),
            spec=ScheduleSpec(
                cron_expressions=[] if spec.cron is None else [spec.cron],
                intervals=[ScheduleIntervalSpec(every=spec.interval)] if spec.interval else [],
                time_zone_name=spec.time_zone,
            ),
            policy=SchedulePolicy(overlap=_OVERLAP[spec.overlap]),
            state=ScheduleState(paused=spec.paused),
        )
        try:
            handle = await client.create_schedule(schedule_workflow_id(schedule_id), schedule, rpc_timeout=RPC_TIMEOUT)
            if spec.cron is not None and not (await handle.describe(rpc_timeout=RPC_TIMEOUT)).info.next_action_times:
                await handle.delete(rpc_timeout=RPC_TIMEOUT)
                raise InvalidInput("cron", f"{spec.cron!r} never comes (is there such a day in that month?).")
        except (RPCError, RuntimeError) as error:
            if spec.cron is not None and isinstance(error, RPCError) and error.status == RPCStatusCode.INVALID_ARGUMENT:
                raise _no_rhythm(spec.cron, error) from error
            raise _translated(error) from error

    async def delete(self, schedule_id: ScheduleId) -> None:
        """Remove a schedule; one that is gone already is fine."""
        client = await self._temporal.client()
        try:
            await client.get_schedule_handle(schedule_workflow_id(schedule_id)).delete(rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if not isinstance(error, RPCError) or error.status != RPCStatusCode.NOT_FOUND:
                raise _translated(error) from error

    async def pause(self, schedule_id: ScheduleId, *, paused: bool) -> None:
        handle = (await self._temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))
        try:
            await (handle.pause(rpc_timeout=RPC_TIMEOUT) if paused else handle.unpause(rpc_timeout=RPC_TIMEOUT))
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    async def trigger(self, schedule_id: ScheduleId) -> None:
        """Start a run now, beside the rhythm."""
        handle = (await self._temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))
        try:
            await handle.trigger(rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    async def next_runs(self, schedule_id: ScheduleId) -> list[datetime]:
        """When the next runs are due; empty when Temporal is away."""
        handle = (await self._temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))
        try:
            return list((await handle.describe(rpc_timeout=timedelta(seconds=2))).info.next_action_times)
        except (RPCError, RuntimeError):
            return []


_OVERLAP = {
    Overlap.SKIP: ScheduleOverlapPolicy.SKIP,
    Overlap.BUFFER_ONE: ScheduleOverlapPolicy.BUFFER_ONE,
    Overlap.ALLOW_ALL: ScheduleOverlapPolicy.ALLOW_ALL,
    Overlap.CANCEL_OTHER: ScheduleOverlapPolicy.CANCEL_OTHER,
}


def _no_rhythm(cron: str, error: RPCError) -> InvalidInput:
    reason = error.message[:200].removeprefix("Invalid schedule spec: ")
    # Temporal counts one more for seconds and one for years, of which nobody has to know.
    why = "" if "fields" in reason else f" ({reason})"
    fields = "minute, hour, day of the month, month and day of the week"
    return InvalidInput(
        "cron", f"{cron!r} is no rhythm{why}; write five fields, {fields}, as in '0 7 * * 1-5', or @daily."
    )


def _translated(error: RPCError | RuntimeError) -> Exception:
    # A lazy client that can't connect raises a plain RuntimeError.
    if not isinstance(error, RPCError):
        return Unavailable("Temporal")
    if error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
        return Unavailable("Temporal")
    if error.status == RPCStatusCode.INVALID_ARGUMENT:
        return InvalidInput("cron", f"Temporal can't keep this rhythm: {error.message[:200]}")
    if error.status == RPCStatusCode.NOT_FOUND:
        return Conflict("Temporal doesn't know this schedule; delete it and create it again.")
    return error
