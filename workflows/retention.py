"""RetentionWorkflow: deletes content step by step. All its state is in a row, so it can continue as new at any time."""

from datetime import timedelta

from temporalio import workflow

from models.activities import Retention
from models.activity_options import DELETE_CONTENT
from models.retention import RetentionInput
from models.workflows import RetentionRuns

STEPS = 500
"""After this many steps, the workflow continues as new, if Temporal hasn't suggested it before."""
PAUSE = timedelta(seconds=5)
"""The pause while cancelled runs end."""


@workflow.defn(name="RetentionWorkflow")
class RetentionWorkflow(RetentionRuns):
    """One retention run."""

    @workflow.run
    async def run(self, retention: RetentionInput) -> None:
        """Delete until nothing is left to delete."""
        if retention.retention_id is None:
            begun = await workflow.execute_activity_method(Retention.begin, **DELETE_CONTENT)
            if begun is None:
                return
            retention = begun
        for _ in range(STEPS):
            progress = await workflow.execute_activity_method(Retention.delete_content, retention, **DELETE_CONTENT)
            if progress.state == "done":
                return
            if progress.state == "waiting":
                await workflow.sleep(PAUSE)
            if workflow.info().is_continue_as_new_suggested():
                break
        workflow.continue_as_new(retention)
