"""Starts and stops through the outbox, on the real Temporal. Without a worker, a started task keeps running."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs
from temporalio import workflow
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from chimera.config.settings import Settings
from chimera.ledger import admission, outbox, starts
from chimera.ledger import runs as ledger_runs
from chimera.ledger.starts import Start
from chimera.ledger.turns import take_turn
from chimera.store import task_controls, tasks
from chimera.temporal.client import Temporal
from models.events import RunAccepted, RunCancelled, RunCancelling
from models.ids import ROOT, RunId, TaskId, workflow_id_of
from models.runs import RunKind, RunStatus
from models.tasks import SteerRequest
from models.workflows import TaskSignal
from tests.parts import forget_open_work
from tests.runs import Runs, new_user, runs_on
from tests.until import LIMIT_S

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


async def test_deliveries_share_rounds_of_admission(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, admit = Counter[str](), admission.admit

    async def counted(session: AsyncSession, most: int) -> list[RunId] | None:
        rounds["under way"] += 1
        rounds["most"] = max(rounds["most"], rounds["under way"])
        admitted = await admit(session, most)
        rounds["under way"] -= 1
        return admitted

    monkeypatch.setattr(admission, "admit", counted)
    task_ids = [await runs.accept("Go.") for _ in range(12)]
    await asyncio.gather(*map(runs.dispatcher.deliver, task_ids))
    await runs.dispatcher.drain()
    assert (await count(runs, "running"), rounds["most"]) == (MOST, 1)


async def test_a_delivery_awaits_no_other_start(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered, other = await runs.start("Go."), await runs.accept("Go.")
    may_start, start = asyncio.Event(), Temporal.start

    async def slow(self: Temporal, run_id: RunId, asked: Start) -> None:
        await may_start.wait()
        await start(self, run_id, asked)

    monkeypatch.setattr(Temporal, "start", slow)
    async with asyncio.timeout(LIMIT_S):
        await runs.dispatcher.deliver(delivered)
    assert await status_of(runs, other) == "queued"
    may_start.set()
    await runs.dispatcher.drain()
    assert await status_of(runs, other) == "running"


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
    """The process that admitted the task died before it could start it."""
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


def begins_and_fails(error: Exception) -> Callable[..., Awaitable[None]]:
    """Return a start whose response is lost, although Temporal has accepted it."""
    start = Temporal.start

    async def begun(self: Temporal, run_id: RunId, asked: Start) -> None:
        await start(self, run_id, asked)
        raise error

    return begun


@pytest.mark.parametrize("status", ["DEADLINE_EXCEEDED", "UNAVAILABLE", "CANCELLED", "RESOURCE_EXHAUSTED", "UNKNOWN"])
async def test_a_start_of_unknown_outcome_keeps_its_place(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(Temporal, "start", begins_and_fails(RPCError("No answer", RPCStatusCode[status], b"")))
    task_ids = [await runs.accept("Go.") for _ in range(3 * MOST)]
    for _ in range(3):
        await runs.dispatcher.admit()
    assert sum([await has_workflow(runs, task_id) for task_id in task_ids]) == MOST


async def test_a_start_that_temporal_rejects_gives_its_place_back(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    async def rejected(self: Temporal, run_id: RunId, asked: Start) -> None:
        raise RPCError("Too long.", RPCStatusCode.INVALID_ARGUMENT, b"")

    monkeypatch.setattr(Temporal, "start", rejected)
    task_id = await runs.start("Go.")
    assert (await runs.row(task_id))["admitted_at"] is None


async def test_a_pause_after_an_unknown_start_arrives(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        lost = RPCError("Timeout expired", RPCStatusCode.DEADLINE_EXCEEDED, b"")
        patch.setattr(Temporal, "start", begins_and_fails(lost))
        task_id = await runs.start("Go.")
    async with runs.database.begin() as session:
        await task_controls.pause(session, runs.caller, task_id)
        await session.execute(text("UPDATE outbox SET next_attempt_at = now() WHERE run_id = :id"), {"id": task_id})
    await runs.dispatcher.sweep()
    assert await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id", task_id) == []


async def failures(runs: Runs, task_id: TaskId) -> list[tuple[int, str | None]]:
    """Return the delivery attempts and the last error of each of a task's outbox entries."""
    found = await runs.rows("SELECT attempts, last_error FROM outbox WHERE run_id = :id ORDER BY id", task_id)
    return [(row["attempts"], row["last_error"]) for row in found]


async def promise(runs: Runs, task_id: TaskId, kind: str, payload: str | None = None) -> None:
    """Add an entry to the outbox that is due now, as another version might."""
    insert = text("""
        INSERT INTO outbox (run_id, kind, payload, next_attempt_at) VALUES (:id, :kind, CAST(:payload AS jsonb), now())
        """)
    async with runs.database.begin() as session:
        await session.execute(insert, {"id": task_id, "kind": kind, "payload": payload})


async def test_an_unknown_kind_of_entry_waits(runs: Runs) -> None:
    task_id = await runs.start("Go.")
    await promise(runs, task_id, "nudge")
    await runs.deliver(task_id)
    assert await failures(runs, task_id) == [(1, "the outbox has no kind 'nudge'")]
    assert await status_of(runs, task_id) == "running"


async def test_an_unreadable_signal_stops_no_other(runs: Runs) -> None:
    broken, good = await runs.start("Go."), await runs.start("Go.")
    await promise(runs, broken, "signal", '{"signal": "pause"}')
    await promise(runs, good, "signal", '{"name": "pause", "args": []}')
    await runs.dispatcher.sweep()
    [(attempts, error)] = await failures(runs, broken)
    assert error is not None
    assert (attempts, error.partition(":")[0]) == (1, "the payload is not a signal")
    assert await failures(runs, good) == []


async def test_a_signal_may_have_more_fields(runs: Runs) -> None:
    task_id = await runs.start("Go.")
    await promise(runs, task_id, "signal", '{"name": "pause", "args": [], "id": "s1"}')
    await runs.deliver(task_id)
    assert await failures(runs, task_id) == []


async def test_a_start_that_no_statement_reads_is_counted(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "_TASK", "SELECT 1 / 0")
    task_id = await runs.start("Go.")
    [(attempts, error)] = await failures(runs, task_id)
    assert error is not None
    assert (attempts, "division by zero" in error) == (1, True)
    assert (await runs.row(task_id))["admitted_at"] is None


async def test_a_start_that_is_not_noted_keeps_its_place(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_runs, "_MARK_STARTED", "SELECT 1 / 0")
    task_id = await runs.start("Go.")
    assert [attempts for attempts, _ in await failures(runs, task_id)] == [1]
    assert (await runs.row(task_id))["admitted_at"] is not None


async def test_a_database_that_is_away_is_no_failure(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(session: AsyncSession, run_id: RunId) -> None:
        raise OperationalError("SELECT", {}, psycopg.OperationalError("the server closed the connection"))

    monkeypatch.setattr(ledger_runs, "mark_started", away)
    task_id = await runs.start("Go.")
    assert await failures(runs, task_id) == [(0, None)]


async def test_queued_tasks_leave_a_sweep_to_other_messages(runs: Runs) -> None:
    """Neither their starts nor the messages behind these fill the list of due messages."""
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
    """A run as a later version may define it: one of its signals has arguments."""

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


async def test_a_normal_deletion_logs_no_failure(runs: Runs) -> None:
    task_id = await runs.start("Never begun", start=False)
    await runs.cancel(task_id)
    await runs.control(tasks.delete, task_id)
    await runs.rows("UPDATE outbox SET attempts = 0 WHERE run_id = :id RETURNING id", task_id)
    with capture_logs() as logs:
        await runs.dispatcher.deliver(task_id)
    assert [(each["event"], each["log_level"]) for each in logs] == [("outbox_delivery_failed", "debug")]
    (left,) = await runs.rows("SELECT kind, attempts FROM outbox WHERE run_id = :id", task_id)
    assert left == {"kind": "forget", "attempts": 1}
