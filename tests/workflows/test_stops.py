"""Cancels that coincide with something else, and runs that are reset: each ends, and in the way that was requested."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.worker import Worker

from chimera.ledger import outbox
from models.activities import COMPLETE_MODEL_CALL
from models.ids import NodePath, TaskId, UserId, workflow_id_of
from models.model_calls import ModelCallOutcome, ModelCallRequest
from models.subtasks import SubtaskInput
from models.tasks import SubtaskMode
from models.workflows import SubtaskRuns
from tests.runs import Runs, a_subtask
from worker.build import HEARTBEAT_THROTTLE
from worker.sandbox import sandbox
from workflows.subtasks import SubtaskWorkflow

SLOW = "Say. [[sim: tokens=20; delay=600; times=1]]"


class Refusals:
    """Model calls that end with a refusal at the moment of a cancel, instead of as cancelled."""

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
    subtask = SubtaskInput(run_id=TaskId(str(uuid4())), owner_id=UserId("u"), path=NodePath("a"), agent="writer")
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


async def test_a_disabled_account_has_its_runs_stopped(runs: Runs) -> None:
    task_id = await runs.start("x", plan=[a_subtask("a", SLOW), a_subtask("b", depends_on=["a"])])
    await runs.until(task_id, lambda row: row["model_calls"] == 1)
    try:
        await _set_disabled(runs, "now()")
        await runs.dispatcher.sweep()
        row = await runs.ended(task_id)
    finally:
        await _set_disabled(runs, "NULL")
    assert (row["status"], row["model_calls"]) == ("cancelled", 1)


async def _set_disabled(runs: Runs, value: str) -> None:
    async with runs.database.begin() as session:
        change = text(f"UPDATE users SET disabled_at = {value} WHERE id = :id")
        await session.execute(change, {"id": runs.caller.user_id})


@pytest.mark.parametrize("code", ["budget_reached", "task_paused", "root_stopped", "bad_request"])
async def test_a_cancel_that_meets_a_refusal_ends_the_run(runs: Runs, code: str) -> None:
    async with a_subtask_that_is_refused(await runs.temporal.connected(), code) as (run, refusals):
        await refusals.begun.wait()
        await run.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await run.result()
        assert isinstance(ended.value.cause, CancelledError)


async def test_a_run_that_was_reset_takes_its_subtasks_over(runs: Runs) -> None:
    # Inside the parent, the next run joins a call in flight instead of cutting it.
    slow = SLOW if runs.mode is SubtaskMode.CHILD else SLOW.replace("delay=600", "delay=5")
    task_id = await runs.start("x", plan=[a_subtask("one", slow), a_subtask("two", slow)])
    while len([event for event in await runs.events(task_id) if event.type == "model_call.started"]) < 2:
        await asyncio.sleep(0.05)
    await _reset(await runs.temporal.client(), workflow_id_of(task_id))
    row = await runs.ended(task_id)
    assert (row["status"], row["subtasks_done"]) == ("completed", 2)


async def test_a_cancel_that_ends_nothing_is_sent_again(runs: Runs) -> None:
    task_id = await runs.start("x", plan=[a_subtask("one"), a_subtask("two")], start=False)
    async with runs.database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'cancelling' WHERE id = :id"), {"id": task_id})
        await outbox.cancel_again(session)
    assert (await _promised(runs, task_id), await _cancelled_tree(runs, task_id)) == (0, (0, ["one", "two"]))
    async with runs.database.begin() as session:
        late = text("UPDATE runs SET updated_at = now() - interval '1 hour' WHERE id = :id")
        await session.execute(late, {"id": task_id})
        for _ in range(2):
            await outbox.cancel_again(session)
    # It is sent only once until it is delivered. Subtasks that had not begun may have runs.
    assert (await _promised(runs, task_id), await _cancelled_tree(runs, task_id)) == (1, (1, ["one", "two"]))
    await runs.dispatcher.deliver(task_id)
    assert (await runs.row(task_id))["status"] == "cancelled"


async def test_a_run_that_no_cancel_ends_is_ended(runs: Runs) -> None:
    task_id = await runs.start("x", plan=[a_subtask("one", SLOW)])
    await runs.event(task_id, "model_call.started")
    async with runs.database.begin() as session:
        stubborn = text("UPDATE runs SET status = 'cancelling', cancels_sent = :sent WHERE id = :id")
        await session.execute(stubborn, {"id": task_id, "sent": outbox.CANCELS})
        await outbox.enqueue(session, task_id, "cancel")
    await runs.dispatcher.deliver(task_id)
    assert (await runs.ended(task_id))["status"] == "cancelled"
    assert await runs.close_status(task_id) == "TERMINATED"


async def _promised(runs: Runs, task_id: TaskId) -> int:
    return len(await runs.rows("SELECT id FROM outbox WHERE run_id = :id", task_id))


async def _cancelled_tree(runs: Runs, task_id: TaskId) -> tuple[int, list[NodePath]]:
    async with runs.database.begin() as session:
        return await outbox.cancelled_tree(session, task_id)


async def _reset(client: Client, workflow_id: str) -> WorkflowHandle[Any, Any]:
    """Restart a run from its first decision, as a user might in the Web UI."""
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
