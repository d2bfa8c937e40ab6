"""ReplyWorkflow: the root of a reply. Its only node answers the conversation, as an agent or as a bare model."""

from temporalio import workflow

from models.ids import ROOT
from models.replies import ReplyInput
from models.subtasks import SubtaskInput
from models.tool_calls import Decision
from models.workflows import ReplyRuns, TaskSignal
from workflows.root import Root


@workflow.defn(name="ReplyWorkflow")
class ReplyWorkflow(ReplyRuns):
    """A reply from its beginning to its answer. The model call that answers completes the run's row."""

    @workflow.init
    def __init__(self, reply: ReplyInput) -> None:
        self._root = Root(_place_of(reply))

    @workflow.run
    async def run(self, reply: ReplyInput) -> None:
        """Answer. The answer is in the run's rows. Fails with the code of the failure, or is cancelled."""
        state = await self._root.work()
        if state is not None:
            workflow.continue_as_new(reply.model_copy(update={"state": state}))

    @workflow.signal(name=TaskSignal.BUDGET_RAISED)
    async def budget_raised(self) -> None:
        await self._root.raise_budget()

    @workflow.signal(name=TaskSignal.DECIDED)
    async def decided(self, decision: Decision) -> None:
        await self._root.node.hear(decision)


def _place_of(reply: ReplyInput) -> SubtaskInput:
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
