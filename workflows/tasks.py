"""TaskWorkflow: the root of a task. Plan, subtasks, aggregation; pause, resume, budget and guidance from outside."""

import asyncio
from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.ids import ROOT
from models.tasks import SteerReceipt, SteerRequest, TaskInput, TaskResult
from models.workflows import STATUS, TaskRuns
from workflows.gate import Gate, is_cancel, reason_of
from workflows.tree import Tree
from workflows.turn import stay_if_stopped


@workflow.defn(name="TaskWorkflow")
class TaskWorkflow(TaskRuns):
    """A task from its plan to its answer."""

    @workflow.init
    def __init__(self, task: TaskInput) -> None:
        self._gate = Gate(paused=False)
        self._tree = Tree(
            self._gate,
            task_id=task.task_id,
            owner_id=task.owner_id,
            path=ROOT,
            policy=task.policy,
            priority=task.priority,
            retries=task.retries,
        )

    @workflow.run
    async def run(self, task: TaskInput) -> TaskResult:
        """Run the task; the answer is in its row. Fails with the code of what went wrong, or is cancelled."""
        try:
            await self._work(task)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # _end_badly always raises
            await self._end_badly(error)
        await self._end("completed")
        return TaskResult(status="completed")

    async def _work(self, task: TaskInput) -> None:
        try:
            await self._tree.run(task.plan)
        except Exception as error:
            await stay_if_stopped(error)
            raise

    async def _end_badly(self, error: BaseException) -> NoReturn:
        self._tree.closing = True
        if is_cancel(error) or workflow.cancellation_reason() is not None:
            await self._tree.record("cancelled")
            await self._end("cancelled")
            raise asyncio.CancelledError from error
        code, message = reason_of(error)
        await self._tree.record("failed", code=code, error=message)
        await self._end("failed")
        raise ApplicationError(message, type=code, non_retryable=True) from error

    async def _end(self, status: str) -> None:
        self._tree.closing = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.set_current_details(f"{status}\n\n{self._tree.describe()}")
        workflow.upsert_search_attributes([STATUS.value_set(status)])

    @workflow.signal(name="pause")
    async def pause(self) -> None:
        self._gate.paused = True
        workflow.upsert_search_attributes([STATUS.value_set("paused")])
        await self._tree.tell_children("pause")

    @workflow.signal(name="resume")
    async def resume(self) -> None:
        self._gate.resume()
        workflow.upsert_search_attributes([STATUS.value_set("running")])
        await self._tree.tell_children("resume")

    @workflow.signal(name="budget_raised")
    async def budget_raised(self) -> None:
        self._gate.budget_raises += 1
        await self._tree.tell_children("budget_raised")

    @workflow.update
    async def steer(self, request: SteerRequest) -> SteerReceipt:  # type: ignore[override]  # the decorator types self
        """Take guidance in; its words are in the database, where the next model calls find them."""
        reaches = self._tree.reached_by(request)
        if request.interrupt:
            if request.path is None:
                self._gate.cut()
            await self._tree.pass_on(request)
        return SteerReceipt(guidance_id=request.guidance_id, reaches=reaches)

    @steer.validator
    def _can_be_steered(self, request: SteerRequest) -> None:
        if self._tree.closing:
            message = "The run is ending, guidance would come too late; put it into a new task."
            raise ApplicationError(message, type="conflict")
