"""TaskWorkflow: the root of a task. It receives pauses, resumes, budget raises and guidance; its node does the rest."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.agents import COORDINATOR
from models.ids import ROOT
from models.subtasks import SubtaskInput
from models.tasks import SteerReceipt, SteerRequest, TaskInput, TaskResult
from models.tool_calls import Decision
from models.workflows import STATUS, TaskRuns, TaskSignal
from workflows.root import Root


@workflow.defn(name="TaskWorkflow")
class TaskWorkflow(TaskRuns):
    """A task from its beginning to its answer."""

    @workflow.init
    def __init__(self, task: TaskInput) -> None:
        self._root = Root(_place_of(task))

    @workflow.run
    async def run(self, task: TaskInput) -> TaskResult:
        """Run the task. The answer is in its row. Fails with the code of the failure, or is cancelled."""
        state = await self._root.work()
        if state is not None:
            workflow.continue_as_new(task.model_copy(update={"plan": None, "state": state}))
        return TaskResult(status="completed")

    @workflow.signal(name=TaskSignal.PAUSE)
    async def pause(self) -> None:
        self._root.gate.pause()
        workflow.upsert_search_attributes([STATUS.value_set("paused")])
        await self._root.node.send_controls()

    @workflow.signal(name=TaskSignal.RESUME)
    async def resume(self) -> None:
        self._root.gate.resume()
        workflow.upsert_search_attributes([STATUS.value_set("running")])
        await self._root.node.send_controls()

    @workflow.signal(name=TaskSignal.BUDGET_RAISED)
    async def budget_raised(self) -> None:
        await self._root.raise_budget()

    @workflow.signal(name=TaskSignal.DECIDED)
    async def decided(self, decision: Decision) -> None:
        await self._root.node.hear(decision)

    @workflow.update
    async def steer(self, request: SteerRequest) -> SteerReceipt:  # type: ignore[override]  # the decorator types self
        """Accept guidance. Its text is in the database, where the next model calls read it."""
        reaches = self._root.node.reached_by(request)
        if request.interrupt:
            await self._root.node.interrupt(request)
        return SteerReceipt(guidance_id=request.guidance_id, reaches=reaches)

    @steer.validator
    def _can_be_steered(self, request: SteerRequest) -> None:
        if self._root.node.is_closing:
            message = "The run is ending, so guidance would arrive too late. Create a new task."
            raise ApplicationError(message, type="conflict")


def _place_of(task: TaskInput) -> SubtaskInput:
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
