"""SubtaskWorkflow: a node below the root in a workflow of its own, with a page of its own in Temporal's Web UI.

Its history contains references and counts. Before the history becomes large, the workflow continues as new. The
transcript stays in PostgreSQL.
"""

import asyncio

from temporalio import workflow

from models.nodes import Controls, NodeOutcome
from models.subtasks import SubtaskInput
from models.tasks import SteerRequest
from models.tool_calls import Decision
from models.workflows import SubtaskRuns
from workflows.failures import failed_with
from workflows.gate import Gate
from workflows.node import Node
from workflows.patterns import PATTERNS


@workflow.defn(name="SubtaskWorkflow")
class SubtaskWorkflow(SubtaskRuns):
    """One node of a task's tree."""

    @workflow.init
    def __init__(self, subtask: SubtaskInput) -> None:
        self._gate = Gate(subtask.state.controls, max_history_events=subtask.policy.max_history_events)
        self._node = Node(subtask, self._gate, PATTERNS)

    @workflow.run
    async def run(self, subtask: SubtaskInput) -> NodeOutcome:
        """Run the subtask. Raises ApplicationError with the code of the failure."""
        try:
            outcome = await self._node.work()
            await workflow.wait_condition(workflow.all_handlers_finished)
            if outcome.state is not None and not self._gate.is_asked_to_suspend:
                # The next execution wouldn't know of a cancellation of this one.
                self._node.hand_on_cancel()
                workflow.continue_as_new(subtask.model_copy(update={"state": self._node.carried_over()}))
            return outcome
        except (Exception, asyncio.CancelledError) as error:
            await workflow.wait_condition(workflow.all_handlers_finished)
            ends_with = failed_with(error)
            if ends_with is error:
                # With `raise error from error`, an error would be its own cause, and the SDK would follow the causes
                # endlessly.
                raise
            raise ends_with from error

    @workflow.signal(name="controls")
    async def controls(self, controls: Controls) -> None:
        self._gate.controls = controls
        await self._node.send_controls()

    @workflow.signal(name="suspend")
    async def suspend(self) -> None:
        self._gate.is_asked_to_suspend = True

    @workflow.signal(name="interrupt")
    async def interrupt(self, request: SteerRequest) -> None:
        await self._node.interrupt(request)

    @workflow.signal(name="decided")
    async def decided(self, decision: Decision) -> None:
        await self._node.hear(decision)
