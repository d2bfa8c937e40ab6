"""AiCallWorkflow: an embedding, an image or a transcription. One durable activity, so that a crash costs no answer."""

from temporalio import workflow

from models.activities import MAKE, AiCalls
from models.ai_calls import AiCallInput, AiCallOutcome
from models.workflows import AiCallRuns


@workflow.defn(name="AiCallWorkflow")
class AiCallWorkflow(AiCallRuns):
    """One call."""

    @workflow.run
    async def run(self, call: AiCallInput) -> AiCallOutcome:
        """Make it. A call that failed for good fails this workflow, so that it shows in the Web UI."""
        return await workflow.execute_activity_method(AiCalls.make, call, summary=call.operation, **MAKE)
