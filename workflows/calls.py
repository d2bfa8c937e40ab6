"""CallWorkflow: a model call that is a run of its own. One durable activity, so that a crash costs no answer."""

import asyncio

from temporalio import workflow

from models.activities import RECORD, TaskRecords
from models.ids import ROOT
from models.model_calls import CallInput, ModelCallOutcome, ModelCallRequest
from models.tasks import TransitionRecord
from models.workflows import CallRuns
from workflows.gate import Gate, is_cancel, reason_of
from workflows.turn import failed_with, stay_if_stopped


@workflow.defn(name="CallWorkflow")
class CallWorkflow(CallRuns):
    """An embedding, an image or a transcription."""

    @workflow.init
    def __init__(self, call: CallInput) -> None:
        self._call = call
        self._gate = Gate(paused=False)

    @workflow.run
    async def run(self, call: CallInput) -> ModelCallOutcome:
        """Make the call; its answer is in the run's rows. Fails with the code of what went wrong, or is cancelled."""
        request = ModelCallRequest(task_id=call.run_id, path=ROOT, purpose=call.purpose, step=1, agent="")
        try:
            return await self._made(request)
        except (Exception, asyncio.CancelledError) as error:
            await self._record(error)
            raise failed_with(error) from error

    async def _made(self, request: ModelCallRequest) -> ModelCallOutcome:
        try:
            return await self._gate.call(request)
        except Exception as error:
            await stay_if_stopped(error)
            raise

    async def _record(self, error: BaseException) -> None:
        """Write how the run ended: its row and Temporal say the same."""
        if is_cancel(error) or workflow.cancellation_reason() is not None:
            record = TransitionRecord(task_id=self._call.run_id, path=ROOT, status="cancelled")
        else:
            code, message = reason_of(error)
            record = TransitionRecord(
                task_id=self._call.run_id, path=ROOT, status="failed", error_code=code, error=message[:500]
            )
        await workflow.execute_local_activity_method(TaskRecords.record, record, **RECORD)

    @workflow.signal(name="pause")
    async def pause(self) -> None:
        self._gate.paused = True

    @workflow.signal(name="resume")
    async def resume(self) -> None:
        self._gate.resume()

    @workflow.signal(name="budget_raised")
    async def budget_raised(self) -> None:
        self._gate.budget_raises += 1
