"""Retention runs in Temporal: started on request, and once a day by a schedule."""

import structlog
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.client import ScheduleAlreadyRunningError as AlreadyThere
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.store import retention
from chimera.temporal.client import RPC_TIMEOUT, Temporal
from chimera.temporal.payloads import DATA_CONVERTER
from models.ids import RetentionId
from models.retention import RetentionInput
from models.workflows import RetentionRuns

log = structlog.get_logger()

SCHEDULE = "retention"


class RetentionStarts:
    """Starts retention runs."""

    def __init__(self, settings: Settings, database: Database, temporal: Temporal) -> None:
        self._settings = settings
        self._database = database
        self._temporal = temporal

    async def start(self, retention_id: RetentionId, workflow_id: str) -> None:
        """Start the workflow of a run, unless it is running. Failures are left to `sweep`."""
        try:
            client = await self._temporal.client()
            await client.start_workflow(
                RetentionRuns.run,
                RetentionInput(retention_id=retention_id),
                id=workflow_id,
                task_queue=self._settings.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                # The row says what is left to do, also if an earlier execution was terminated.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                rpc_timeout=RPC_TIMEOUT,
            )
        except (RPCError, RuntimeError) as error:
            log.warning("retention_not_started", retention_id=retention_id, error=str(error)[:200])

    async def sweep(self) -> None:
        """Start the open runs that have made no progress for some time."""
        async with self._database.begin() as session:
            late = await retention.overdue(session)
        for retention_id, workflow_id in late:
            await self.start(retention_id, workflow_id)

    async def ensure_schedule(self) -> None:
        """Create or update the schedule of the daily run. Failures are logged; another worker's start tries again."""
        schedule = self._schedule()
        try:
            client = await self._temporal.client()
            try:
                await client.create_schedule(self._schedule_id, schedule, rpc_timeout=RPC_TIMEOUT)
            except AlreadyThere:
                handle = client.get_schedule_handle(self._schedule_id)
                await handle.update(lambda found: _changed(found, schedule), rpc_timeout=RPC_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            log.warning("retention_not_scheduled", error=str(error)[:200])

    @property
    def _schedule_id(self) -> str:
        """Installations with different task queues can share a namespace."""
        queue = self._settings.task_queue
        return SCHEDULE if queue == "chimera" else f"{SCHEDULE}-{queue}"

    def _schedule(self) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                RetentionRuns.run,
                # Not encrypted, because a schedule outlives every key. There is nothing secret in it.
                args=DATA_CONVERTER.payload_converter.to_payloads([RetentionInput()]),
                id=self._schedule_id,
                task_queue=self._settings.task_queue,
            ),
            spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(self._settings.retention_hour)])]),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
        )


def _changed(found: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """Keep the state: an operator may have paused the schedule in Temporal's Web UI."""
    wanted.state = found.description.schedule.state
    return ScheduleUpdate(schedule=wanted)
