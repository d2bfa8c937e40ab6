"""The root of a run: its topmost node, in the workflow that was started for the run, and how the run ended."""

import asyncio
from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.nodes import NodeState
from models.subtasks import SubtaskInput
from models.workflows import STATUS
from workflows.failures import is_cancel, reason_of
from workflows.gate import Gate
from workflows.node import Node
from workflows.patterns import PATTERNS


class Root:
    """The topmost node of a run. What `work` records agrees with the end that Temporal reports."""

    def __init__(self, place: SubtaskInput) -> None:
        self.gate = Gate(place.state.controls, max_history_events=place.policy.max_history_events)
        self.node = Node(place, self.gate, PATTERNS)

    async def work(self) -> NodeState | None:
        """Work until the run has completed, or return the state from which it has to continue as new.

        Raises ApplicationError with the code of the failure, or CancelledError.
        """
        try:
            outcome = await self.node.work()
            if outcome.status == "suspended":
                await workflow.wait_condition(workflow.all_handlers_finished)
                # The next execution wouldn't know of a cancellation of this one.
                self.node.hand_on_cancel()
                return self.node.carried_over()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # _end_badly always raises
            await self._end_badly(error)
        await self._end("completed")
        return None

    async def raise_budget(self) -> None:
        """Let calls that wait for the budget be tried again."""
        self.gate.raise_budget()
        await self.node.send_controls()

    async def _end_badly(self, error: BaseException) -> NoReturn:
        self.node.is_closing = True
        if is_cancel(error) or workflow.cancellation_reason() is not None:
            await self.node.record("cancelled")
            await self._end("cancelled")
            raise asyncio.CancelledError from error
        code, message = reason_of(error)
        await self.node.record("failed", code=code, error=message)
        await self._end("failed")
        raise ApplicationError(message, type=code, non_retryable=True) from error

    async def _end(self, status: str) -> None:
        self.node.is_closing = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.set_current_details(f"{status}\n\n{self.node.details}")
        workflow.upsert_search_attributes([STATUS.value_set(status)])
