"""TaskWorkflow: the root of a task. It receives pauses, resumes, budget raises and guidance; its node does the rest."""

import asyncio
from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.agents import COORDINATOR
from models.ids import ROOT
from models.subtasks import SubtaskInput
from models.tasks import SteerReceipt, SteerRequest, TaskInput, TaskResult
from models.tool_calls import Decision
from models.workflows import STATUS, TaskRuns, TaskSignal
from workflows.failures import is_cancel, reason_of
from workflows.gate import Gate
from workflows.node import Node
from workflows.patterns import PATTERNS


@workflow.defn(name="TaskWorkflow")
class TaskWorkflow(TaskRuns):
    """A task from its beginning to its answer."""

    @workflow.init
    def __init__(self, task: TaskInput) -> None:
        self._gate = Gate(task.state.controls, max_history_events=task.policy.max_history_events)
        self._node = Node(_root_of(task), self._gate, PATTERNS)

    @workflow.run
    async def run(self, task: TaskInput) -> TaskResult:
        """Run the task. The answer is in its row. Fails with the code of the failure, or is cancelled."""
        try:
            outcome = await self._node.work()
            if outcome.status == "suspended":
                await self._continue(task)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # _end_badly always raises
            await self._end_badly(error)
        await self._end("completed")
        return TaskResult(status="completed")

    async def _continue(self, task: TaskInput) -> NoReturn:
        await workflow.wait_condition(workflow.all_handlers_finished)
        # The next execution wouldn't know of a cancellation of this one.
        self._node.hand_on_cancel()
        workflow.continue_as_new(task.model_copy(update={"plan": None, "state": self._node.carried_over()}))

    async def _end_badly(self, error: BaseException) -> NoReturn:
        self._node.is_closing = True
        if is_cancel(error) or workflow.cancellation_reason() is not None:
            await self._node.record("cancelled")
            await self._end("cancelled")
            raise asyncio.CancelledError from error
        code, message = reason_of(error)
        await self._node.record("failed", code=code, error=message)
        await self._end("failed")
        raise ApplicationError(message, type=code, non_retryable=True) from error

    async def _end(self, status: str) -> None:
        self._node.is_closing = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.set_current_details(f"{status}\n\n{self._node.details}")
        workflow.upsert_search_attributes([STATUS.value_set(status)])

    @workflow.signal(name=TaskSignal.PAUSE)
    async def pause(self) -> None:
        self._gate.pause()
        workflow.upsert_search_attributes([STATUS.value_set("paused")])
        await self._node.send_controls()

    @workflow.signal(name=TaskSignal.RESUME)
    async def resume(self) -> None:
        self._gate.resume()
        workflow.upsert_search_attributes([STATUS.value_set("running")])
        await self._node.send_controls()

    @workflow.signal(name=TaskSignal.BUDGET_RAISED)
    async def budget_raised(self) -> None:
        self._gate.raise_budget()
        await self._node.send_controls()

    @workflow.signal(name=TaskSignal.DECIDED)
    async def decided(self, decision: Decision) -> None:
        await self._node.hear(decision)

    @workflow.update
    async def steer(self, request: SteerRequest) -> SteerReceipt:  # type: ignore[override]  # the decorator types self
        """Accept guidance. Its text is in the database, where the next model calls read it."""
        reaches = self._node.reached_by(request)
        if request.interrupt:
            await self._node.interrupt(request)
        return SteerReceipt(guidance_id=request.guidance_id, reaches=reaches)

    @steer.validator
    def _can_be_steered(self, request: SteerRequest) -> None:
        if self._node.is_closing:
            message = "The run is ending, so guidance would arrive too late. Create a new task."
            raise ApplicationError(message, type="conflict")


def _root_of(task: TaskInput) -> SubtaskInput:
    """Return the root as a node like any other. A plan that came with the task is part of its first state."""
    state = task.state if task.plan is None else task.state.model_copy(update={"plan": task.plan})
    return SubtaskInput(
        run_id=task.task_id,
        owner_id=task.owner_id,
        path=ROOT,
        agent=COORDINATOR,
        pattern="planned",
        policy=task.policy,
        priority=task.priority,
        retries=task.retries,
        state=state,
    )
