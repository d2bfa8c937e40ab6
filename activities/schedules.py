"""The activity of a due schedule: creates the task's row, once per run, and keeps Temporal's copy up to date."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from temporalio import activity

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import outbox, runs, starts
from chimera.store import agents, schedules, tasks, user_limits
from chimera.store.user_limits import OPEN_TASKS_LIMIT
from chimera.temporal.calendars import fingerprint_of, spec_of
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from models import activities as contract
from models.errors import Forbidden, InactiveAgent, InvalidInput, LimitReached, NotFound, UnknownAgent
from models.ids import UserId
from models.schedules import ScheduledRunInput
from models.tasks import TaskInput

RENEWAL_SECONDS = 4.0
"""How long a run waits for its schedule to be renewed. After that, the sweeper renews it."""


class Schedules(contract.Schedules):
    """Implements `create_scheduled_task`."""

    def __init__(self, *, settings: Settings, database: Database, schedule_dispatcher: ScheduleDispatcher) -> None:
        self._settings = settings
        self._database = database
        self._schedule_dispatcher = schedule_dispatcher

    @activity.defn(name=contract.CREATE_SCHEDULED_TASK)
    async def create_task(self, run: ScheduledRunInput) -> TaskInput | None:
        """Create the task of this scheduled run, once: the workflow ID contains the nominal time.

        Returns None if the task for this time has already ended. Raises NotFound if the schedule was deleted, Forbidden
        if its owner is disabled or a viewer, LimitReached if they have reached their limit of open tasks, InactiveAgent
        if its plan names an inactive agent, UnknownAgent for one that is no longer shared with them, and InvalidInput
        if its cron expression is no longer accepted.
        """
        scheduled_run_id = activity.info().workflow_id
        try:
            async with self._database.begin() as session:
                schedule = await schedules.due(session, run.schedule_id)
                spec = schedules.spec_of(schedule)
                task_id = await schedules.task_of(session, scheduled_run_id)
                if task_id is None:
                    owner_id = UserId(schedule.owner_id)
                    await agents.check_active(session, owner_id, {subtask.agent for subtask in spec.task.plan or ()})
                    task_id, created = await tasks.create(
                        session,
                        owner_id,
                        spec.task,
                        default_model=self._settings.default_model,
                        default_subtasks=self._settings.subtasks,
                        schedule_id=run.schedule_id,
                        scheduled_run_id=scheduled_run_id,
                    )
                    if created:
                        await user_limits.check_added(session, owner_id, OPEN_TASKS_LIMIT, self._settings)
                    await schedules.note_made(session, schedule)
                await runs.mark_started(session, task_id)
                start = await starts.read_start(session, task_id)
        except (Forbidden, LimitReached, InactiveAgent, UnknownAgent) as error:
            # The task isn't created later: due runs don't queue up, and the next one may be possible.
            async with self._database.begin() as session:
                await schedules.note_skipped(session, run.schedule_id, error.message)
            raise
        except (NotFound, InvalidInput):
            await self._renew(run)
            raise
        if run.calendar != fingerprint_of(spec_of(spec, datetime.now(UTC))):
            await self._renew(run)
        return None if start is None or not isinstance(start.argument, TaskInput) else start.argument

    async def _renew(self, run: ScheduledRunInput) -> None:
        """Update Temporal from the row, because time passes, clock rules change, and rows are deleted.

        A schedule without a row ends; one that is no longer valid is paused.
        """
        async with self._database.begin() as session:
            await outbox.enqueue_schedule(session, run.schedule_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(RENEWAL_SECONDS):
                await self._schedule_dispatcher.deliver(run.schedule_id)
