"""AiCallWorkflow: an embedding, an image or a transcription. One durable activity, so that a crash doesn't lose
answers.
"""

import asyncio

from temporalio import workflow

from models.ai_calls import AiCallInput
from models.ids import ROOT
from models.nodes import Controls
from models.subtasks import SubtaskInput
from models.workflows import AiCallRuns
from workflows.failures import failed_with, is_cancel, reason_of
from workflows.gate import Gate
from workflows.node import Node
from workflows.patterns import PATTERNS

MAX_HISTORY_EVENTS = 10_000
"""Far more events than one call has."""


@workflow.defn(name="AiCallWorkflow")
class AiCallWorkflow(AiCallRuns):
    """An AI call."""

    @workflow.init
    def __init__(self, call: AiCallInput) -> None:
        place = SubtaskInput(
            run_id=call.run_id, owner_id=call.owner_id, path=ROOT, agent=call.purpose.value, pattern="call"
        )
        self._gate = Gate(Controls(), max_history_events=MAX_HISTORY_EVENTS)
        self._node = Node(place, self._gate, PATTERNS)

    @workflow.run
    async def run(self, call: AiCallInput) -> None:
        """Make the call. Its answer is in the run's rows. Fails with the code of the failure, or is cancelled."""
        try:
            outcome = await self._node.work()
            if outcome.status == "suspended":
                self._node.hand_on_cancel()
                workflow.continue_as_new(call)
        except (Exception, asyncio.CancelledError) as error:
            await self._record(error)
            raise failed_with(error) from error

    async def _record(self, error: BaseException) -> None:
        """Record how the run ended, so that its row agrees with Temporal."""
        if is_cancel(error) or workflow.cancellation_reason() is not None:
            await self._node.record("cancelled")
        else:
            code, message = reason_of(error)
            await self._node.record("failed", code=code, error=message)
