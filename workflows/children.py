"""A node's child in a workflow of its own: started once, sent its parent's controls, awaited to its end."""

from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from models.ids import workflow_id_of
from models.nodes import Controls, NodeOutcome
from models.subtasks import SubtaskInput
from models.tasks import SteerRequest
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
        """Wait for its end. Raises ChildWorkflowError."""
        outcome: NodeOutcome = await self._handle
        return outcome

    async def suspend(self) -> None:
        """Have it stop before its next model call, and return its state."""
        if not self.has_ended:
            await self._send(SubtaskRuns.suspend)

    async def send_controls(self) -> None:
        """Hand the controls on: only the newest of several that came while one was on its way.

        One that is to suspend needs none.
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
        """Hand guidance on that cuts calls."""
        await self._send(SubtaskRuns.interrupt, request)

    def cancel(self) -> None:
        """Ask it to end."""
        self._handle.cancel()

    async def _send(self, signal: Any, *args: object) -> None:
        # One that has just ended needs it no more.
        with suppress(ApplicationError):
            await self._handle.signal(signal, args=args)


async def start_child(place: SubtaskInput, gate: Gate) -> ChildRun:
    """Start the workflow of a node, or take the node over from a run that was left behind."""
    for wait_s in (1, 2, 4, 8, 16):
        try:
            return await _start_once(place, gate)
        except WorkflowAlreadyStartedError:
            # The parent was reset in the Web UI, which leaves its children behind. They report to it no more; what
            # they were answered is in the ledger.
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
