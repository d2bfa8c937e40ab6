"""Starts and stops through the outbox, on the real Temporal; without a worker, a started task keeps running."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import workflow
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from chimera.config.settings import Settings
from chimera.ledger import admission, outbox
from chimera.ledger.turns import take_turn
from chimera.store import task_controls
from models.events import RunAccepted, RunCancelled, RunCancelling
from models.ids import ROOT, RunId, TaskId, workflow_id_of
from models.runs import RunKind, RunStatus
from models.tasks import SteerRequest
from models.workflows import TaskSignal
from tests.parts import forget_open_work
from tests.runs import Runs, new_user, runs_on

MOST = 4


@pytest.fixture
async def runs(settings: Settings) -> AsyncIterator[Runs]:
    assert settings.database_url
    await forget_open_work(settings.database_url)
    async with runs_on(settings.model_copy(update={"max_running_tasks": MOST})) as started:
        yield started


async def status_of(runs: Runs, task_id: TaskId) -> str:
    return str((await runs.row(task_id))["status"])


async def count(runs: Runs, status: str) -> int:
    async with runs.database.begin() as session:
        found = await session.scalar(text("SELECT count(*) FROM runs WHERE status = :status"), {"status": status})
    return found or 0


async def end(runs: Runs, *task_ids: TaskId) -> None:
    async with runs.database.begin() as session:
        ended = text("UPDATE runs SET status = 'completed', ended_at = now() WHERE id = ANY(CAST(:ids AS uuid[]))")
        await session.execute(ended, {"ids": list(task_ids)})


async def has_workflow(runs: Runs, task_id: TaskId) -> bool:
    client: Client = await runs.temporal.client()
    try:
        await client.get_workflow_handle(workflow_id_of(task_id)).describe()
    except RPCError:
        return False
    return True


async def test_a_burst_starts_as_many_as_may_run(runs: Runs) -> None:
    await asyncio.gather(*(runs.start("Go.") for _ in range(12)))
    assert (await count(runs, "running"), await count(runs, "queued")) == (MOST, 8)


async def test_requests_share_a_round_of_admission(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, admit = Counter[str](), admission.admit

    async def counted(session: AsyncSession, most: int) -> list[RunId] | None:
        rounds["begun"] += 1
        return await admit(session, most)

    monkeypatch.setattr(admission, "admit", counted)
    await asyncio.gather(*(runs.accept("Go.") for _ in range(12)))
    for _ in range(12):
        runs.dispatcher.admit_soon()
    await runs.dispatcher.drain()
    assert (await count(runs, "running"), await count(runs, "queued"), rounds["begun"]) == (MOST, 8, 1)


async def test_a_request_during_a_round_gets_another(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    later, admit = [await runs.accept("Go.")], admission.admit

    async def meanwhile(session: AsyncSession, most: int) -> list[RunId] | None:
        admitted = await admit(session, most)
        if len(later) == 1:
            later.append(await runs.accept("Go."))
            runs.dispatcher.admit_soon()
        return admitted

    monkeypatch.setattr(admission, "admit", meanwhile)
    runs.dispatcher.admit_soon()
    await runs.dispatcher.drain()
    assert await count(runs, "running") == len(later) == 2


async def test_an_admission_that_hangs_keeps_none_waiting(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "TURN_WAIT", timedelta(milliseconds=50))
    task_id = await runs.accept("Go.")
    async with runs.database.begin() as elsewhere:
        await take_turn(elsewhere, "admission", timedelta(minutes=1))
        assert await runs.dispatcher.admit()
    assert await status_of(runs, task_id) == "queued"
    await runs.dispatcher.admit()
    assert await status_of(runs, task_id) == "running"


async def test_a_new_task_waits_behind_the_queue(runs: Runs) -> None:
    first = [await runs.start("Go.") for _ in range(MOST)]
    urgent = await runs.start("Go.", priority=1)
    await end(runs, first[0])
    late = await runs.start("Go.", priority=5)
    assert (await status_of(runs, urgent), await status_of(runs, late)) == ("running", "queued")


async def test_an_admitted_task_is_started_by_the_next_sweep(runs: Runs) -> None:
    """The process that admitted it died before it could start it."""
    task_id = await runs.start("Go.", start=False)
    async with runs.database.begin() as session:
        await task_controls.execute(session, runs.caller, task_id)
        await session.execute(text("UPDATE runs SET admitted_at = now() WHERE id = :id"), {"id": task_id})
        await session.execute(text("UPDATE outbox SET next_attempt_at = now() WHERE run_id = :id"), {"id": task_id})
    await runs.dispatcher.sweep()
    assert await status_of(runs, task_id) == "running"


async def test_a_pause_does_not_jump_the_queue(runs: Runs) -> None:
    first = [await runs.start("Go.") for _ in range(MOST)]
    urgent = await runs.start("Go.", priority=1)
    task_id = await runs.start("Go.")
    for control in (task_controls.pause, task_controls.resume):
        await runs.control(control, task_id)
    await runs.dispatcher.sweep()
    assert (await status_of(runs, task_id), await has_workflow(runs, task_id)) == ("queued", False)
    await end(runs, *first[:2])
    await runs.dispatcher.admit()
    assert [await status_of(runs, each) for each in (urgent, task_id)] == ["running"] * 2


async def test_a_paused_task_that_has_not_begun_is_not_started(runs: Runs) -> None:
    for _ in range(MOST):
        await runs.start("Go.")
    task_id = await runs.start("Go.")
    await runs.control(task_controls.pause, task_id)
    assert not await has_workflow(runs, task_id)


async def test_a_cancelled_queued_task_ends_without_a_workflow(runs: Runs) -> None:
    for _ in range(MOST):
        await runs.start("Go.")
    task_id = await runs.start("Go.")
    await runs.cancel(task_id)
    assert (await status_of(runs, task_id), await has_workflow(runs, task_id)) == ("cancelled", False)
    assert [type(event) for event in await runs.events(task_id)] == [RunAccepted, RunCancelling, RunCancelled]


async def test_a_task_that_cannot_start_can_be_cancelled(runs: Runs) -> None:
    task_id = await runs.start("Go.", start=False)
    async with runs.database.begin() as session:
        await session.execute(
            text('UPDATE tasks SET policy = \'{"max_turns": "x"}\' WHERE run_id = :id'), {"id": task_id}
        )
    await runs.control(task_controls.execute, task_id)
    assert (await status_of(runs, task_id), (await runs.row(task_id))["admitted_at"]) == ("queued", None)
    await runs.cancel(task_id)
    assert await status_of(runs, task_id) == "cancelled"


async def test_tasks_that_cannot_start_keep_no_other_waiting(runs: Runs) -> None:
    broken = [await runs.start("Go.", start=False) for _ in range(MOST)]
    async with runs.database.begin() as session:
        change = text('UPDATE tasks SET policy = \'{"max_turns": "x"}\' WHERE run_id = ANY(CAST(:ids AS uuid[]))')
        await session.execute(change, {"ids": broken})
    for task_id in broken:
        await runs.control(task_controls.execute, task_id)
    good = [await runs.start("Go.") for _ in range(MOST)]
    assert [await status_of(runs, task_id) for task_id in good] == ["running"] * MOST


async def test_queued_tasks_leave_a_sweep_to_other_messages(runs: Runs) -> None:
    """Neither their starts nor what waits behind those fill the list of what is due."""
    running = [await runs.start("Go.") for _ in range(MOST)]
    insert = text("""
        WITH made AS (INSERT INTO runs (owner_id, kind, status)
                      SELECT :owner, 'task', 'queued' FROM generate_series(1, 250) RETURNING id),
         kinds AS (SELECT id, kind, payload FROM made, (VALUES
             (1, 'start', NULL), (2, 'signal', CAST('{"name": "resume", "args": []}' AS jsonb))) AS k (n, kind, payload)
             ORDER BY n)
        INSERT INTO outbox (run_id, kind, payload, next_attempt_at)
        SELECT id, kind, payload, now() - interval '1 hour' FROM kinds""")
    async with runs.database.begin() as session:
        await session.execute(insert, {"owner": await new_user(runs.database)})
        await task_controls.cancel(session, runs.caller, running[0], RunKind.TASK)
        due = text("UPDATE outbox SET next_attempt_at = now() WHERE run_id = :id")
        await session.execute(due, {"id": running[0]})
    await runs.dispatcher.sweep()
    assert await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id", running[0]) == []
    assert await status_of(runs, running[0]) == RunStatus.CANCELLING


@workflow.defn(name="Listener")
class Listener:
    """A run that a later version may have: one of its signals has arguments."""

    def __init__(self) -> None:
        self._heard: list[str] = []

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: len(self._heard) == 3)
        return self._heard

    @workflow.signal(name=TaskSignal.PAUSE)
    async def pause(self) -> None:
        self._heard.append("pause")

    @workflow.signal(name="answer")
    async def answer(self, answer: SteerRequest, times: int) -> None:
        self._heard.append(f"{answer!r} {times}")


async def test_signals_with_arguments_arrive_in_order(runs: Runs) -> None:
    task_id = await runs.start("Go.", start=False)
    answer = SteerRequest(guidance_id=1, path=ROOT, interrupt=True)
    async with runs.database.begin() as session:
        await outbox.signal(session, task_id, TaskSignal.PAUSE)
        await outbox.signal(session, task_id, "answer", answer, 1)
        await outbox.signal(session, task_id, "answer", answer, 2)
    client, queue = await runs.temporal.connected(), f"listener-{uuid4().hex}"
    async with Worker(client, task_queue=queue, workflows=[Listener], workflow_runner=UnsandboxedWorkflowRunner()):
        run = await client.start_workflow(Listener.run, id=workflow_id_of(task_id), task_queue=queue)
        await runs.dispatcher.deliver(task_id)
        assert await run.result() == ["pause", f"{answer!r} 1", f"{answer!r} 2"]
    assert await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id", task_id) == []


@pytest.mark.parametrize(("kind", "payload"), [("signal", None), ("cancel", '{"name": "pause", "args": []}')])
async def test_only_a_signal_has_a_payload(runs: Runs, kind: str, payload: str | None) -> None:
    task_id = await runs.start("Go.", start=False)
    insert = text("INSERT INTO outbox (run_id, kind, payload) VALUES (:id, :kind, CAST(:payload AS jsonb))")
    async with runs.database.begin() as session:
        with pytest.raises(IntegrityError, match="outbox_payload"):
            await session.execute(insert, {"id": task_id, "kind": kind, "payload": payload})
        await session.rollback()
