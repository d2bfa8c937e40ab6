"""SubtaskWorkflow: an agent's loop of model calls and tool calls, or a plan of its own.

Its history holds references and counts. A long conversation continues as new before it grows large; the transcript
stays where it is, in PostgreSQL.
"""

import asyncio

from temporalio import workflow

from models import tool_calls
from models.activities import RUN_LOCAL_TOOL, RUN_TOOL, ToolCalls
from models.model_calls import ModelCallOutcome
from models.subtasks import SubtaskInput
from models.tasks import NodeOutcome, SteerRequest
from models.tool_calls import ToolCallRequest
from models.workflows import SubtaskRuns
from workflows.gate import Gate, hand_on_cancel
from workflows.tree import Tree
from workflows.turn import check_answered, failed_with, is_for, next_request, stay_if_stopped


@workflow.defn(name="SubtaskWorkflow")
class SubtaskWorkflow(SubtaskRuns):
    """One node of a task's tree."""

    @workflow.init
    def __init__(self, subtask: SubtaskInput) -> None:
        self._path = subtask.path
        self._gate = Gate(paused=subtask.paused)
        self._tree: Tree | None = None

    @workflow.run
    async def run(self, subtask: SubtaskInput) -> NodeOutcome:
        """Work the subtask out. Raises ApplicationError with the code of what went wrong."""
        try:
            await (self._split(subtask) if subtask.decompose else self._converse(subtask))
        except (Exception, asyncio.CancelledError) as error:
            await stay_if_stopped(error)
            await workflow.wait_condition(workflow.all_handlers_finished)
            ends_with = failed_with(error)
            if ends_with is error:
                # `raise error from error` would be its own cause, which the SDK follows without end.
                raise
            raise ends_with from error
        await workflow.wait_condition(workflow.all_handlers_finished)
        return NodeOutcome(path=subtask.path, status="completed")

    async def _split(self, subtask: SubtaskInput) -> None:
        self._tree = Tree(
            self._gate,
            task_id=subtask.task_id,
            owner_id=subtask.owner_id,
            path=subtask.path,
            policy=subtask.policy,
            priority=subtask.priority,
            retries=subtask.retries,
            retry=subtask.retry,
        )
        await self._tree.run(None)

    async def _converse(self, subtask: SubtaskInput) -> None:
        step = subtask.step
        while True:
            step += 1
            outcome = await self._gate.call(next_request(subtask, step))
            if not outcome.tool_calls and not outcome.goes_on:
                check_answered(subtask, step, outcome)
                return
            await self._run_tools(subtask, step, outcome)
            workflow.set_current_details(f"{step} turns; last: {', '.join(outcome.tool_calls) or 'guidance'}")
            if self._is_long(subtask):
                await workflow.wait_condition(workflow.all_handlers_finished)
                # The next run would know nothing of a cancel of this one.
                hand_on_cancel()
                workflow.continue_as_new(subtask.model_copy(update={"step": step, "paused": self._gate.paused}))

    async def _run_tools(self, subtask: SubtaskInput, step: int, outcome: ModelCallOutcome) -> None:
        await asyncio.gather(
            *(
                _run_tool(name, ToolCallRequest(task_id=subtask.task_id, path=subtask.path, step=step, index=index))
                for index, name in enumerate(outcome.tool_calls)
                if index not in outcome.answered
            )
        )

    def _is_long(self, subtask: SubtaskInput) -> bool:
        info = workflow.info()
        return (
            info.is_continue_as_new_suggested() or info.get_current_history_length() > subtask.policy.max_history_events
        )

    @workflow.signal(name="pause")
    async def pause(self) -> None:
        self._gate.paused = True
        if self._tree:
            await self._tree.tell_children("pause")

    @workflow.signal(name="resume")
    async def resume(self) -> None:
        self._gate.resume()
        if self._tree:
            await self._tree.tell_children("resume")

    @workflow.signal(name="budget_raised")
    async def budget_raised(self) -> None:
        self._gate.budget_raises += 1
        if self._tree:
            await self._tree.tell_children("budget_raised")

    @workflow.signal(name="guidance")
    async def guidance(self, request: SteerRequest) -> None:
        if is_for(self._path, request):
            self._gate.cut()
        if self._tree:
            await self._tree.pass_on(request)


async def _run_tool(name: str, request: ToolCallRequest) -> None:
    if name in tool_calls.LOCAL_TOOLS:
        # One that broke, or took too long, beside the answer. Histories in `tests/workflows/histories/local_tools` have
        # all of them here.
        await workflow.execute_local_activity_method(ToolCalls.run, request, summary=name, **RUN_LOCAL_TOOL)
    else:
        await workflow.execute_activity_method(ToolCalls.run, request, summary=name, **RUN_TOOL)
