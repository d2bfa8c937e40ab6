"""Rows compared with the real Temporal: runs that were ended from outside, and runs that it has lost."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import structlog
from sqlalchemy import text
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from chimera.config.settings import Settings
from chimera.store import task_controls
from chimera.temporal import client as temporal_client
from chimera.temporal import reconciliation
from chimera.temporal.reconciliation import Reconciler
from models.ids import TaskId, workflow_id_of
from tests.conftest import SimulatorServer
from tests.runs import Runs, a_subtask, runs_on
from tests.until import LIMIT_S
from worker.build import open_worker


async def test_the_first_round_closes_terminated_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with runs_on(settings) as runs:
        client = await runs.temporal.client()
        closed_since, asked = runs.temporal.closed_since, list[datetime]()

        async def listed(workflow_types: Sequence[str], since: datetime) -> set[str]:
            asked.append(since)
            return await closed_since(workflow_types, since)

        monkeypatch.setattr(runs.temporal, "closed_since", listed)
        task_id = await runs.start("Forgotten")
        async with runs.database.begin() as session:
            backdate = text("UPDATE runs SET created_at = now() - interval '9 days' WHERE id = :id")
            await session.execute(backdate, {"id": task_id})
        await client.get_workflow_handle(workflow_id_of(task_id)).terminate("in the Web UI")
        tasks = Reconciler(runs.database, runs.temporal)
        async with asyncio.timeout(LIMIT_S):
            while (row := await runs.row(task_id))["status"] == "running":
                await tasks.reconcile()
                await asyncio.sleep(0.2)
        assert (row["status"], row["error_code"]) == ("failed", "ended_outside")
        assert asked[0] <= row["created_at"]
        await tasks.reconcile()
        assert len(asked) > 1
        # With pages of one run, runs on later pages count too.
        other = await runs.start("Forgotten too")
        await client.get_workflow_handle(workflow_id_of(other)).terminate("in the Web UI")
        monkeypatch.setattr(temporal_client, "VISIBILITY_PAGE", 1)
        async with asyncio.timeout(LIMIT_S):
            ended = {workflow_id_of(task_id), workflow_id_of(other)}
            while not ended <= await closed_since(["TaskWorkflow"], asked[0]):
                await asyncio.sleep(0.2)
        # Later rounds look back only a little instead of nine days.
        assert all(since > asked[0] + timedelta(days=8) for since in asked[1:])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every round look for lost runs, of any age, one row at a time."""
    monkeypatch.setattr(reconciliation, "LOOK_FOR_LOST", timedelta(0))
    monkeypatch.setattr(reconciliation, "LOST_AFTER", timedelta(0))
    monkeypatch.setattr(reconciliation, "LOOKED_AT_ONCE", 1)


@pytest.mark.usefixtures("impatient")
async def test_a_run_lost_by_temporal_restarts_without_double_payment(
    settings: Settings, simulator: SimulatorServer
) -> None:
    settings = settings.model_copy(update={"simulator_url": simulator.url, "graceful_shutdown_s": 1.0})
    async with runs_on(settings) as runs, open_worker(settings) as (worker, _), worker:
        plan = [a_subtask("one", "[[sim: turns=3; tokens=50; drip=20]] go", agent="analyst")]
        task_id = await runs.start("Say something", plan=plan)
        await runs.event(task_id, "tool_call.finished")
        await runs.control(task_controls.pause, task_id)
        await runs.until(task_id, lambda row: row["reserved_tokens"] == 0)
        asked = len(await runs.attempts(task_id))
        await _lose(runs, task_id)
        assert await runs.close_status(TaskId(f"{task_id}/one")) == "TERMINATED"
        await _reconcile_until_started(runs, task_id)
        await runs.control(task_controls.resume, task_id)
        row = await runs.ended(task_id)
        assert row["status"] == "completed"
        attempts = await runs.attempts(task_id)
        places = [(each["path"], each["purpose"], each["step"]) for each in attempts]
        assert len(places) == len(set(places)) > asked
        assert [event.type for event in await runs.events(task_id)].count("run.started") == 1
        assert await runs.close_status(task_id) == "COMPLETED"


@pytest.mark.usefixtures("impatient")
async def test_a_skip_survives_a_restarted_run(settings: Settings, simulator: SimulatorServer) -> None:
    settings = settings.model_copy(update={"simulator_url": simulator.url, "graceful_shutdown_s": 1.0})
    async with runs_on(settings) as runs, open_worker(settings) as (worker, _), worker:
        slow = "[[sim: tokens=100; drip=20]] go"
        task_id = await runs.start("Skip", plan=[a_subtask("cut", slow), a_subtask("long", slow)], on_failure="skip")
        while len(await runs.attempts(task_id)) < 2:
            await asyncio.sleep(0.05)
        client = await runs.temporal.client()
        # A user does this in the Web UI. The call isn't answered, so a run unaware of the skip would make it again.
        await client.get_workflow_handle(f"{workflow_id_of(task_id)}/cut").cancel()
        await runs.event(task_id, "subtask.skipped")
        await _lose(runs, task_id)
        await _reconcile_until_started(runs, task_id)
        row = await runs.ended(task_id)
        assert (row["status"], row["subtasks_done"], row["reserved_tokens"]) == ("completed", 2, 0)
        attempts = [attempt["status"] for attempt in await runs.attempts(task_id) if attempt["path"] == "cut"]
        assert attempts == ["cancelled"]
        assert [event.type for event in await runs.events(task_id)].count("subtask.skipped") == 1
        assert await runs.close_status(task_id) == "COMPLETED"


@pytest.mark.usefixtures("impatient")
async def test_a_lost_stopped_run_stays_stopped(settings: Settings) -> None:
    async with runs_on(settings) as runs:
        task_id = await runs.start("Stop")
        await runs.cancel(task_id)
        await _lose(runs, task_id)
        tasks = Reconciler(runs.database, runs.temporal)
        while (row := await runs.row(task_id))["status"] == "cancelling":
            await tasks.reconcile()
        assert row["status"] == "cancelled"
        assert await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id", task_id) == []


async def _lose(runs: Runs, task_id: TaskId) -> None:
    """Make Temporal forget a run, as if its disk were lost. The run's children end with it."""
    client = await runs.temporal.client()
    execution = WorkflowExecution(workflow_id=workflow_id_of(task_id))
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    await client.workflow_service.delete_workflow_execution(request)
    while await _is_known(client, task_id):
        await asyncio.sleep(0.05)


async def _is_known(client: Client, task_id: TaskId) -> bool:
    try:
        await client.get_workflow_handle(workflow_id_of(task_id)).describe()
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _reconcile_until_started(runs: Runs, task_id: TaskId) -> None:
    tasks = Reconciler(runs.database, runs.temporal)
    async with asyncio.timeout(LIMIT_S):
        while not await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id AND kind = 'start'", task_id):
            await tasks.reconcile()
    await runs.deliver(task_id)
    assert await _is_known(await runs.temporal.client(), task_id)


@pytest.mark.usefixtures("impatient")
async def test_a_run_that_ended_by_itself_is_no_news(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends between the check of its row and the check of its run in Temporal."""
    async with runs_on(settings) as runs:
        task_id = await runs.start("End")
        client = await runs.temporal.client()
        tasks = Reconciler(runs.database, runs.temporal)
        closed = runs.temporal.closed_since

        async def in_between(workflow_type: str, since: datetime) -> set[str]:
            ended = await closed(workflow_type, since)
            return ended | {workflow_id_of(task_id)}

        hold = tasks._hold_against_temporal

        async def ended_first(client: Client, suspect: TaskId) -> None:
            async with runs.database.begin() as session:
                await session.execute(text("UPDATE runs SET status = 'completed' WHERE id = :id"), {"id": suspect})
            await hold(client, suspect)

        monkeypatch.setattr(runs.temporal, "closed_since", in_between)
        monkeypatch.setattr(tasks, "_hold_against_temporal", ended_first)
        await client.get_workflow_handle(workflow_id_of(task_id)).terminate("at that moment")
        with structlog.testing.capture_logs() as logs:
            await tasks.reconcile()
        assert [entry["event"] for entry in logs if entry["event"].startswith("run_")] == []
        assert (await runs.row(task_id))["status"] == "completed"
