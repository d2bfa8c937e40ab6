"""ScheduledTaskWorkflow: the workflow that a Temporal Schedule starts.

It creates the task's row and runs the task as a child, so that the schedule's overlap policy sees the task running, and
cancelling either of them cancels both.
"""

from temporalio import workflow
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.activities import Schedules
from models.activity_options import RECORD
from models.ids import workflow_id_of
from models.schedules import ScheduledRunInput, ScheduledRunResult
from models.workflows import STATUS, ScheduledTaskRuns, TaskRuns

MADE_BEFORE = "made_before"
"""The status of a run whose time already has a task, for example in a backfill of times that weren't missed."""


@workflow.defn(name="ScheduledTaskWorkflow")
class ScheduledTaskWorkflow(ScheduledTaskRuns):
    """One run of a schedule."""

    @workflow.run
    async def run(self, run: ScheduledRunInput) -> ScheduledRunResult:
        """Create the task of this run, run it, and return how it ended. A time that already has a task is skipped."""
        task = await workflow.execute_local_activity_method(Schedules.create_task, run, **RECORD)
        if task is None:
            return ScheduledRunResult(status=MADE_BEFORE)
        try:
            result = await workflow.execute_child_workflow(
                TaskRuns.run,
                task,
                id=workflow_id_of(task.task_id),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=workflow.info().typed_search_attributes,
                priority=Priority(priority_key=run.priority, fairness_key=run.owner_id),
            )
        except WorkflowAlreadyStartedError:
            return ScheduledRunResult(task_id=task.task_id, status=MADE_BEFORE)
        workflow.upsert_search_attributes([STATUS.value_set(result.status)])
        return ScheduledRunResult(task_id=task.task_id, status=result.status)
