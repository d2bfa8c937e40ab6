"""Recurring tasks on Temporal Schedules."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.api.schedule.v1 import SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import PatchScheduleRequest
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleState,
    ScheduleUpdate,
)
from temporalio.common import Priority
from temporalio.service import RPCError, RPCStatusCode

from chimera.config.settings import Settings
from chimera.temporal.calendars import fingerprint_of, spec_of
from chimera.temporal.client import RPC_TIMEOUT, Temporal, task_attributes
from chimera.temporal.payloads import DATA_CONVERTER
from models.errors import Conflict, InvalidInput, Unavailable
from models.ids import ScheduleId, UserId, schedule_workflow_id
from models.schedules import BackfillOverlap, Overlap, ScheduledRunInput
from models.schedules import ScheduleSpec as RecurringTask
from models.workflows import ScheduledTaskRuns

LATE = timedelta(days=365)
SIDE_BY_SIDE_LATE = timedelta(hours=1)
"""How late a run may start after Temporal was away. The other policies catch up on one or two runs, but `allow_all`
catches up on every run: after a night, hundreds of paid tasks would start at once."""


class Schedules:
    """The schedules of one Temporal namespace."""

    def __init__(self, settings: Settings, temporal: Temporal) -> None:
        self._settings = settings
        self._temporal = temporal

    async def create(self, schedule_id: ScheduleId, owner_id: UserId, spec: RecurringTask) -> None:
        """Create a Temporal Schedule for a recurring task. Raises InvalidInput if Temporal doesn't accept it."""
        client = await self._temporal.client()
        schedule = self._schedule(schedule_id, owner_id, spec, paused=spec.paused)
        try:
            await client.create_schedule(schedule_workflow_id(schedule_id), schedule, rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    async def replace(self, schedule_id: ScheduleId, owner_id: UserId, spec: RecurringTask, *, paused: bool) -> None:
        """Replace all of a schedule in Temporal, or create it if Temporal has lost it; open runs continue."""
        handle = (await self._temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))
        schedule = self._schedule(schedule_id, owner_id, spec, paused=paused)
        try:
            await handle.update(lambda _: ScheduleUpdate(schedule=schedule), rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if not _is_unknown(error):
                raise _translated(error) from error
            await self.create(schedule_id, owner_id, spec.model_copy(update={"paused": paused}))

    async def backfill(self, schedule_id: ScheduleId, due: Sequence[datetime], overlap: BackfillOverlap) -> None:
        """Start the runs of these times, which are all due times from the first to the last."""
        handle = (await self._temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))
        # Whether Temporal includes the start depends on its version; nothing is due in the second before it.
        start = due[0] - timedelta(seconds=1)
        times = ScheduleBackfill(start_at=start, end_at=due[-1], overlap=_BACKFILL_OVERLAP[overlap])
        try:
            await handle.backfill(times, rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    async def delete(self, schedule_id: ScheduleId) -> None:
        """Delete a schedule, if it still exists."""
        client = await self._temporal.client()
        try:
            await client.get_schedule_handle(schedule_workflow_id(schedule_id)).delete(rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if not _is_unknown(error):
                raise _translated(error) from error

    async def pause(self, schedule_id: ScheduleId, *, note: str | None = None) -> None:
        """Start no more runs until `replace` resumes the schedule."""
        handle = (await self._temporal.client()).get_schedule_handle(schedule_workflow_id(schedule_id))
        try:
            await handle.pause(note=note, rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    async def trigger(self, schedule_id: ScheduleId, request_id: str | None = None) -> None:
        """Start a run now, in addition to those that are due. Repeated with the same `request_id`, it starts no other.

        The SDK's own method makes a new ID each time.
        """
        client = await self._temporal.client()
        request = PatchScheduleRequest(
            namespace=client.namespace,
            schedule_id=schedule_workflow_id(schedule_id),
            patch=SchedulePatch(trigger_immediately=TriggerImmediatelyRequest()),
            identity=client.identity,
            request_id=request_id or str(uuid4()),
        )
        try:
            await client.workflow_service.patch_schedule(request, retry=True, timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise _translated(error) from error

    def _schedule(self, schedule_id: ScheduleId, owner_id: UserId, spec: RecurringTask, *, paused: bool) -> Schedule:
        timing = spec_of(spec, datetime.now(UTC))
        run = ScheduledRunInput(
            schedule_id=schedule_id,
            owner_id=owner_id,
            priority=spec.task.priority,
            calendar=fingerprint_of(timing),
        )
        return Schedule(
            action=ScheduleActionStartWorkflow(
                ScheduledTaskRuns.run,
                # Not encrypted, because a schedule outlives every key. There is no summary, and ids contain no text.
                args=DATA_CONVERTER.payload_converter.to_payloads([run]),
                id=schedule_workflow_id(schedule_id),
                task_queue=self._settings.task_queue,
                typed_search_attributes=task_attributes(owner_id, spec.task.priority),
                priority=Priority(priority_key=spec.task.priority, fairness_key=owner_id),
            ),
            spec=timing,
            policy=SchedulePolicy(
                overlap=_OVERLAP[spec.overlap],
                catchup_window=SIDE_BY_SIDE_LATE if spec.overlap is Overlap.ALLOW_ALL else LATE,
            ),
            state=ScheduleState(paused=paused),
        )


_OVERLAP = {
    Overlap.SKIP: ScheduleOverlapPolicy.SKIP,
    Overlap.BUFFER_ONE: ScheduleOverlapPolicy.BUFFER_ONE,
    Overlap.ALLOW_ALL: ScheduleOverlapPolicy.ALLOW_ALL,
    Overlap.CANCEL_OTHER: ScheduleOverlapPolicy.CANCEL_OTHER,
}


_BACKFILL_OVERLAP = {
    BackfillOverlap.BUFFER_ALL: ScheduleOverlapPolicy.BUFFER_ALL,
    BackfillOverlap.ALLOW_ALL: ScheduleOverlapPolicy.ALLOW_ALL,
}


def _is_unknown(error: RPCError | RuntimeError) -> bool:
    return isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND


def _translated(error: RPCError | RuntimeError) -> Exception:
    # A lazy client that can't connect raises a plain RuntimeError.
    if not isinstance(error, RPCError):
        return Unavailable("Temporal")
    if error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
        return Unavailable("Temporal")
    if error.status == RPCStatusCode.INVALID_ARGUMENT:
        # The grammar and the time zone were checked before, but Temporal may know fewer zones than this machine.
        field = "time_zone" if "time zone" in error.message else "body"
        return InvalidInput(field, f"Temporal rejected this schedule: {error.message[:200]}. Use another {field}.")
    if error.status == RPCStatusCode.NOT_FOUND:
        return Conflict("This schedule doesn't exist in Temporal. Replace it, or delete it and create it again.")
    return error
