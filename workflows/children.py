"""A node's child in a workflow of its own: started once, sent its parent's controls, and awaited until it ends."""

from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from models.ids import child_path, workflow_id_of
from models.nodes import Controls, NodeOutcome, SuspendedChild
from models.plans import PlanNode
from models.subtasks import SubtaskInput
from models.tasks import SteerRequest
from models.tool_calls import Decision
from models.workflows import AGENT, OWNER, PRIORITY, SubtaskRuns
from workflows.gate import Gate

Handle = workflow.ChildWorkflowHandle[Any, Any]


class ChildRun:
    """A child workflow in flight."""

    def __init__(self, handle: Handle, gate: Gate, sent: Controls) -> None:
        self._handle = handle
        self._gate = gate
        self._sent = sent
        self._is_sending = False

    @property
    def has_ended(self) -> bool:
        return self._handle.done()

    async def outcome(self) -> NodeOutcome:
        """Wait until the child ends. Raises ChildWorkflowError."""
        outcome: NodeOutcome = await self._handle
        return outcome

    async def suspend(self) -> None:
        """Make the child stop before its next model call and return its state."""
        if not self.has_ended:
            await self._send(SubtaskRuns.suspend)

    async def send_controls(self) -> None:
        """Send the controls to the child. If several changes arrive while a signal is being sent, only the newest is
        sent.

        A child that has to suspend doesn't need the controls.
        """
        if self._is_sending:
            return
        self._is_sending = True
        try:
            while self._sent != self._gate.controls and not self._gate.suspends and not self.has_ended:
                self._sent = self._gate.controls
                await self._send(SubtaskRuns.controls, self._sent)
        finally:
            self._is_sending = False

    async def interrupt(self, request: SteerRequest) -> None:
        """Pass on guidance that interrupts calls."""
        await self._send(SubtaskRuns.interrupt, request)

    async def hear(self, decision: Decision) -> None:
        """Pass on that a person has decided about a tool call."""
        await self._send(SubtaskRuns.decided, decision)

    def cancel(self) -> None:
        """Request the child's cancellation."""
        self._handle.cancel()

    async def _send(self, signal: Any, *args: object) -> None:
        # A child that has just ended no longer needs the signal.
        with suppress(ApplicationError):
            await self._handle.signal(signal, args=args)


def input_of(parent: SubtaskInput, subtask: PlanNode, current: SuspendedChild) -> SubtaskInput:
    """Return the input of a child's run, which begins or continues from a state."""
    return SubtaskInput(
        run_id=parent.run_id,
        owner_id=parent.owner_id,
        path=child_path(parent.path, subtask.key),
        agent=subtask.agent,
        title=subtask.title,
        pattern="planned" if subtask.decompose else "single",
        policy=parent.policy,
        priority=parent.priority,
        state=current.state,
        retry=parent.retry + current.retry,
        **({"retries": parent.retries} if parent.retries else {}),
    )


async def start_child(place: SubtaskInput, gate: Gate) -> ChildRun:
    """Start the workflow of a node, or take over the node from a run that was left behind."""
    for wait_s in (1, 2, 4, 8, 16):
        try:
            return await _start_once(place, gate)
        except WorkflowAlreadyStartedError:
            # The parent was reset in the Web UI, which leaves its children behind. They no longer report to it, but the
            # answers that they received are in the ledger.
            with suppress(ApplicationError):
                await workflow.get_external_workflow_handle(workflow_id_of(place.run_id, place.path)).cancel()
            await workflow.sleep(wait_s)
    return await _start_once(place, gate)


async def _start_once(place: SubtaskInput, gate: Gate) -> ChildRun:
    controls = gate.controls
    handle = await workflow.start_child_workflow(
        SubtaskRuns.run,
        place.model_copy(update={"state": place.state.model_copy(update={"controls": controls})}),
        id=workflow_id_of(place.run_id, place.path),
        static_summary=f"{place.agent}: {place.title}" if place.title else place.agent,
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(OWNER, place.owner_id),
                SearchAttributePair(AGENT, place.agent),
                SearchAttributePair(PRIORITY, place.priority),
            ]
        ),
    )
    return ChildRun(handle, gate, controls)
