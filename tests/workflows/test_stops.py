"""Cancels that meet something else, and runs that are reset: each ends, and as it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.worker import Worker

from models.activities import COMPLETE_MODEL_CALL
from models.ids import NodePath, TaskId, UserId, workflow_id_of
from models.model_calls import ModelCallOutcome, ModelCallRequest
from models.subtasks import SubtaskInput
from models.workflows import SubtaskRuns
from tests.runs import Runs, a_subtask
from worker.build import HEARTBEAT_THROTTLE
from worker.sandbox import sandbox
from workflows.subtasks import SubtaskWorkflow

SLOW = "Say. [[sim: tokens=20; delay=600; times=1]]"


class Refusals:
    """Model calls that end with a refusal at the moment of a cancel, instead of ending as cancelled."""

    def __init__(self, code: str) -> None:
        self.begun = asyncio.Event()
        self._code = code

    @activity.defn(name=COMPLETE_MODEL_CALL)
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        self.begun.set()
        try:
            while True:
                activity.heartbeat()
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            raise ApplicationError("Refused.", type=self._code, non_retryable=True) from None


@asynccontextmanager
async def a_subtask_that_is_refused(
    client: Client, code: str
) -> AsyncIterator[tuple[WorkflowHandle[Any, Any], Refusals]]:
    refusals, queue = Refusals(code), f"refusals-{uuid4().hex}"
    subtask = SubtaskInput(task_id=TaskId(str(uuid4())), owner_id=UserId("u"), path=NodePath("a"), agent="writer")
    async with Worker(
        client,
        task_queue=queue,
        workflows=[SubtaskWorkflow],
        activities=[refusals.complete],
        workflow_runner=sandbox(),
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
    ):
        yield await client.start_workflow(SubtaskRuns.run, subtask, id=queue, task_queue=queue), refusals


@pytest.mark.parametrize("code", ["budget_reached", "task_paused", "root_stopped", "bad_request"])
async def test_a_cancel_that_meets_a_refusal_ends_the_run(runs: Runs, code: str) -> None:
    async with a_subtask_that_is_refused(await runs.temporal.connected(), code) as (run, refusals):
        await refusals.begun.wait()
        await run.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await run.result()
        assert isinstance(ended.value.cause, CancelledError)


async def test_a_run_that_was_reset_takes_its_subtasks_over(runs: Runs) -> None:
    task_id = await runs.start("x", plan=[a_subtask("one", SLOW), a_subtask("two", SLOW)])
    while len([event for event in await runs.events(task_id) if event.type == "model_call.started"]) < 2:
        await asyncio.sleep(0.05)
    await _reset(await runs.temporal.client(), workflow_id_of(task_id))
    row = await runs.ended(task_id)
    assert (row["status"], row["subtasks_done"]) == ("completed", 2)


async def _reset(client: Client, workflow_id: str) -> WorkflowHandle[Any, Any]:
    """Start a run anew from its first decision, as somebody may in the Web UI."""
    handle = client.get_workflow_handle(workflow_id)
    done = [
        event.event_id
        async for event in handle.fetch_history_events()
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=(await handle.describe()).run_id),
            reason="test",
            workflow_task_finish_event_id=done[0],
            request_id=uuid4().hex,
        )
    )
    return client.get_workflow_handle(workflow_id, run_id=answer.run_id)
