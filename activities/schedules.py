"""What a schedule does when it is due: make the task's row, once per run."""

from temporalio import activity

from chimera.bus import Bus
from chimera.db import runs, schedules, tasks
from chimera.db.engine import Database
from chimera.settings import Settings
from models import activities as contract
from models.errors import NotFound
from models.schedules import ScheduledRunInput
from models.tasks import TaskInput


class Schedules(contract.Schedules):
    """Serves `create_scheduled_task`."""

    def __init__(self, *, settings: Settings, database: Database, bus: Bus) -> None:
        self._settings = settings
        self._database = database
        self._bus = bus

    @activity.defn(name=contract.CREATE_SCHEDULED_TASK)
    async def create_task(self, run: ScheduledRunInput) -> TaskInput:
        """Make the task of this scheduled run. The workflow id carries the nominal time: twice is once.

        Raises NotFound when the schedule was deleted while it was due.
        """
        scheduled_run_id = activity.info().workflow_id
        async with self._database.begin() as session:
            spec = await schedules.read_spec(session, run.schedule_id)
            task_id, _ = await tasks.create(
                session,
                run.owner_id,
                spec.task,
                default_model=self._settings.default_model,
                schedule_id=run.schedule_id,
                scheduled_run_id=scheduled_run_id,
            )
            await runs.mark_started(session, task_id)
            start = await runs.read_start(session, task_id)
        if start is None:
            raise NotFound("task", task_id)
        return start.task
