"""An AI call, which is a run of its own."""

from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from models.activities import COMPLETE_MODEL_CALL
from models.ai_calls import AiCallInput
from models.errors import BudgetReached
from models.ids import RunId
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.tasks import SubtaskMode
from models.workflows import AiCallRuns
from tests.runs import Runs
from workflows import ai_calls

MODES = [SubtaskMode.CHILD]


class RefusedOnce:
    """A call that waits after the ledger has refused it, until its history is long enough to continue as new."""

    def __init__(self) -> None:
        self.runs: list[str | None] = []

    @activity.defn(name=COMPLETE_MODEL_CALL)
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        self.runs.append(activity.info().workflow_run_id)
        if len(self.runs) == 1:
            raise ApplicationError("No room.", type=BudgetReached.code, non_retryable=True)
        return ModelCallOutcome(input_tokens=1, output_tokens=1, cost_micro_usd=1)


async def test_a_suspended_call_goes_on_to_its_answer(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    # Three events precede the call, which makes the history longer than this limit.
    monkeypatch.setattr(ai_calls, "MAX_HISTORY_EVENTS", 5)
    client, queue, refused = await runs.temporal.connected(), f"calls-{uuid4().hex}", RefusedOnce()
    call = AiCallInput(run_id=RunId(str(uuid4())), owner_id=runs.caller.user_id, purpose=Purpose.EMBEDDINGS)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[ai_calls.AiCallWorkflow],
        activities=[refused.complete],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        started = await client.start_workflow(AiCallRuns.run, call, id=queue, task_queue=queue)
        await started.result()
    first, second = refused.runs
    assert first != second
    described = await client.get_workflow_handle(queue, run_id=first).describe()
    assert described.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
