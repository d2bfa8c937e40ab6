"""ReplyWorkflow: the root of a reply. Its only node answers the conversation, as an agent or as a bare model."""

import asyncio
from typing import NoReturn

from temporalio import workflow

from models.ids import ROOT
from models.replies import ReplyInput
from models.subtasks import SubtaskInput
from models.tool_calls import Decision
from models.workflows import STATUS, ReplyRuns, TaskSignal
from workflows.failures import failed_with, is_cancel, reason_of
from workflows.gate import Gate
from workflows.node import Node
from workflows.patterns import PATTERNS


@workflow.defn(name="ReplyWorkflow")
class ReplyWorkflow(ReplyRuns):
    """A reply from its beginning to its answer. The model call that answers completes the run's row."""

    @workflow.init
    def __init__(self, reply: ReplyInput) -> None:
        self._gate = Gate(reply.state.controls, max_history_events=reply.policy.max_history_events)
        self._node = Node(_root_of(reply), self._gate, PATTERNS)

    @workflow.run
    async def run(self, reply: ReplyInput) -> None:
        """Answer. The answer is in the run's rows. Fails with the code of the failure, or is cancelled."""
        try:
            outcome = await self._node.work()
            if outcome.status == "suspended":
                await self._continue(reply)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # _end_badly always raises
            await self._end_badly(error)
        await self._end("completed")

    async def _continue(self, reply: ReplyInput) -> NoReturn:
        await workflow.wait_condition(workflow.all_handlers_finished)
        # The next execution wouldn't know of a cancellation of this one.
        self._node.hand_on_cancel()
        workflow.continue_as_new(reply.model_copy(update={"state": self._node.carried_over()}))

    async def _end_badly(self, error: BaseException) -> NoReturn:
        """Record how the run ended, so that its row agrees with Temporal."""
        if is_cancel(error) or workflow.cancellation_reason() is not None:
            await self._node.record("cancelled")
            await self._end("cancelled")
            raise asyncio.CancelledError from error
        code, message = reason_of(error)
        await self._node.record("failed", code=code, error=message)
        await self._end("failed")
        ends_with = failed_with(error)
        if ends_with is error:
            raise error
        raise ends_with from error

    async def _end(self, status: str) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.upsert_search_attributes([STATUS.value_set(status)])

    @workflow.signal(name=TaskSignal.BUDGET_RAISED)
    async def budget_raised(self) -> None:
        self._gate.raise_budget()
        await self._node.send_controls()

    @workflow.signal(name=TaskSignal.DECIDED)
    async def decided(self, decision: Decision) -> None:
        await self._node.hear(decision)


def _root_of(reply: ReplyInput) -> SubtaskInput:
    return SubtaskInput(
        run_id=reply.run_id,
        owner_id=reply.owner_id,
        path=ROOT,
        agent=reply.agent,
        pattern="reply",
        policy=reply.policy,
        priority=reply.priority,
        state=reply.state,
    )
