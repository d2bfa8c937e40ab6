"""Failed tasks that continue where they failed: finished answers are kept, as the provider's own count shows."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.ledger import ends
from chimera.ledger import runs as db_runs
from chimera.ledger.starts import Start
from chimera.store import retries
from chimera.temporal import dispatcher
from chimera.temporal.client import StillEnding
from chimera.temporal.reconciliation import Reconciler
from models.errors import Conflict, InvalidInput
from models.events import RunRetried
from models.ids import ROOT, NodePath, TaskId, workflow_id_of
from models.retries import advice_for
from models.tasks import Budget, TaskRetry, TransitionRecord
from tests.conftest import SimulatorServer
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.until import until_true

ONCE = "[[sim: status=401; times=1; tokens=5]] go"
"""Fails permanently the first time, and is answered the second time."""
ALWAYS = "[[sim: status=400; model=fast; tokens=5]] go"
"""Is refused by one model and answered by others."""


def a_chain(*instructions: str) -> list[dict[str, Any]]:
    keys = [f"s{number}" for number in range(1, len(instructions) + 1)]
    return [
        a_subtask(key, words, depends_on=[keys[number - 1]] if number else [])
        for number, (key, words) in enumerate(zip(keys, instructions, strict=True))
    ]


def eight_of_which_the_7th(instruction: str) -> list[dict[str, Any]]:
    """Return a plan of eight subtasks. With the final answer, that makes nine calls."""
    words = ["[[sim: tokens=5]] go"] * 8
    words[6] = instruction
    return a_chain(*words)


def arrived(simulator: SimulatorServer, task_id: TaskId) -> list[str]:
    """Return the calls that reached the provider, in order, each as often as it arrived."""
    asked = [e for e in simulator.asked() if e["call_id"].startswith(task_id) and e["phase"] == "arrived"]
    return [entry["call_id"].removeprefix(task_id) for entry in asked]


async def test_a_retry_repeats_only_unanswered_calls(runs: Runs, simulator: SimulatorServer) -> None:
    task_id = await runs.start("Nine calls", plan=eight_of_which_the_7th(ONCE))
    failed = await runs.ended(task_id)
    assert (failed["status"], failed["error_code"], failed["subtasks_done"]) == ("failed", "wrong_key", 6)
    before = arrived(simulator, task_id)
    assert len(before) == 7
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"], row["subtasks_done"], row["retries"]) == ("completed", None, 8, 1)
    assert arrived(simulator, task_id)[7:] == ["/s7#turn.1", "/s8#turn.1", "#aggregate.1"]
    assert row["spent_micro_usd"] == sum(attempt["cost_micro_usd"] for attempt in await runs.attempts(task_id))
    assert (row["reserved_micro_usd"], row["reserved_tokens"]) == (0, 0)
    assert await runs.close_status(task_id) == "COMPLETED"


async def test_events_of_a_retry_have_no_gaps(runs: Runs) -> None:
    task_id = await runs.start("Three", plan=a_chain("[[sim: tokens=5]] go", ONCE, "[[sim: tokens=5]] go"))
    await runs.ended(task_id)
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    numbers = await runs.rows("SELECT seq FROM events WHERE run_id = :id ORDER BY seq", task_id)
    assert [number["seq"] for number in numbers] == list(range(1, row["event_seq"] + 1))
    happened = await runs.events(task_id)
    types = [event.type for event in happened if event.type.startswith("run.")]
    assert types == ["run.accepted", "run.started", "run.failed", "run.retried", "run.completed"]
    assert next(event.paths for event in happened if isinstance(event, RunRetried)) == ("s2", "s3")


async def test_a_retry_may_name_another_model(runs: Runs) -> None:
    task_id = await runs.start("Nine calls", plan=eight_of_which_the_7th(ALWAYS))
    assert (await runs.ended(task_id))["error_code"] == "bad_request"
    await runs.control(retries.retry, task_id, TaskRetry())
    assert (await runs.ended(task_id))["error_code"] == "bad_request"
    await runs.control(retries.retry, task_id, TaskRetry(model="simulator/standard"))
    row = await runs.ended(task_id)
    assert (row["status"], row["retries"]) == ("completed", 2)
    asked = [(attempt["path"], attempt["model"]) for attempt in await runs.attempts(task_id)]
    assert asked[6:] == [
        ("s7", "simulator/fast"),
        ("s7", "simulator/fast"),
        ("s7", "simulator/standard"),
        ("s8", "simulator/fast"),
        ("", "simulator/fast"),
    ]


async def test_failed_nodes_get_the_guidance_of_the_retry(runs: Runs) -> None:
    task_id = await runs.start("Two", plan=a_chain("[[sim: tokens=5]] go", ONCE))
    await runs.ended(task_id)
    await runs.control(retries.retry, task_id, TaskRetry(guidance="Mention the moon."))
    assert (await runs.ended(task_id))["status"] == "completed"
    heard = await runs.rows(
        "SELECT path, content FROM messages WHERE run_id = :id AND guidance_id IS NOT NULL", task_id
    )
    assert [(message["path"], "Mention the moon." in message["content"]) for message in heard] == [("s2", True)]


async def test_a_planner_replans_after_refused_plans(runs: Runs) -> None:
    task_id = await runs.start("Plan [[sim plan: badplan=cyclic; times=2; split=2]]")
    assert (await runs.ended(task_id))["error_code"] == "plan_invalid"
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    assert (row["status"], row["subtasks_done"]) == ("completed", 2)


async def test_a_nested_task_continues_below_its_subtask(runs: Runs, simulator: SimulatorServer) -> None:
    deep = a_subtask("deep", 'Look [[sim plan: split=2; sub="status=401,times=1,tokens=5"]]', decompose=True)
    task_id = await runs.start("Deep", plan=[deep])
    assert (await runs.ended(task_id))["status"] == "failed"
    before = arrived(simulator, task_id)
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    if row["status"] == "failed":
        # The sibling that was cancelled before its first request also fails once.
        await runs.control(retries.retry, task_id, TaskRetry())
        row = await runs.ended(task_id)
    assert row["status"] == "completed"
    assert "/deep#plan.1" in before
    assert "/deep#plan.1" not in arrived(simulator, task_id)[len(before) :]


async def test_where_every_subtask_was_skipped_all_are_tried_again(runs: Runs) -> None:
    plan = [a_subtask("a", ONCE), a_subtask("b", ONCE)]
    task_id = await runs.start("Skip", plan=plan, on_failure="skip")
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"], row["subtasks_done"]) == ("failed", "subtask_failed", 2)
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    assert (row["status"], row["subtasks_done"]) == ("completed", 2)


async def test_a_retry_has_all_of_a_calls_attempts_anew(runs: Runs, simulator: SimulatorServer) -> None:
    limit = runs.settings.call_max_attempts
    words = f"[[sim: status=500; retry_after=0.05; times={limit + 1}; tokens=5]] go"
    task_id = await runs.start("Down", plan=[a_subtask("one", words)])
    assert (await runs.ended(task_id))["error_code"] == "attempts_used_up"
    await runs.control(retries.retry, task_id, TaskRetry())
    assert (await runs.ended(task_id))["status"] == "completed"
    assert len(arrived(simulator, task_id)) == limit + 2


async def test_a_retry_continues_after_a_full_restart(runs: Runs, simulator: SimulatorServer) -> None:
    """The worker that takes over the retry is a different one, which remembers nothing."""
    task_id = await runs.start("Nine calls", plan=eight_of_which_the_7th(ONCE))
    await runs.ended(task_id)
    queue = runs.settings.model_copy(update={"task_queue": "retried-elsewhere"})
    async with runs.unswept(), runs_with_worker(queue) as others:
        others.caller = runs.caller
        await others.control(retries.retry, task_id, TaskRetry())
        assert (await others.ended(task_id))["status"] == "completed"
    assert len(arrived(simulator, task_id)) == 10


@pytest.mark.parametrize(("status", "reported"), [("completed", "completed"), ("running", "It is already running")])
async def test_only_a_failed_task_can_be_tried_again(runs: Runs, status: str, reported: str) -> None:
    words = "[[sim: tokens=5]] go" if status == "completed" else "[[sim: drip=0.5; tokens=500]] go"
    task_id = await runs.start("One", plan=[a_subtask("one", words)])
    await runs.until(task_id, lambda row: row["status"] == status)
    with pytest.raises(Conflict, match=reported):
        await runs.control(retries.retry, task_id, TaskRetry())
    if status == "running":
        await runs.cancel(task_id)


async def test_answers_that_fail_a_task_are_not_tried_again(runs: Runs) -> None:
    plan = [a_subtask("one", "[[sim: finish=length; tokens=5]] go")]
    task_id = await runs.start("Cut", plan=plan, on_truncated="fail")
    assert (await runs.ended(task_id))["error_code"] == "answer_truncated"
    with pytest.raises(Conflict, match="would fail in the same way"):
        await runs.control(retries.retry, task_id, TaskRetry())
    assert (await runs.row(task_id))["status"] == "failed"


async def test_a_repeated_same_failure_needs_a_change(runs: Runs, simulator: SimulatorServer) -> None:
    task_id = await runs.start("Cut", plan=[a_subtask("one", "[[sim: cut=after:3; tokens=9]] go")])
    row = await runs.ended(task_id)
    assert (row["error_code"], len(arrived(simulator, task_id))) == ("same_failure_again", 2)
    assert "twice in the same way" in row["error"]
    assert advice_for(row["error_code"]).change == ("guidance", "model")


async def test_a_retry_that_is_refused_changes_nothing(runs: Runs) -> None:
    task_id = await runs.start("Two", plan=a_chain("[[sim: tokens=5]] go", ONCE))
    before = dict(await runs.ended(task_id))
    with pytest.raises(InvalidInput, match="doesn't exceed"):
        await runs.control(retries.retry, task_id, TaskRetry(budget=Budget(max_model_calls=1), guidance="Try."))
    assert dict(await runs.row(task_id)) == before
    await runs.control(retries.retry, task_id, TaskRetry(budget=Budget(max_model_calls=4)))
    row = await runs.ended(task_id)
    assert (row["status"], row["max_model_calls"], row["model_calls"]) == ("completed", 4, 4)


async def test_of_two_retries_at_once_one_is_taken(runs: Runs, simulator: SimulatorServer) -> None:
    task_id = await runs.start("Two", plan=a_chain("[[sim: tokens=5]] go", ONCE))
    await runs.ended(task_id)
    # The failed run may not have ended yet, because its row is written first.
    await runs.control(retries.retry, task_id, TaskRetry())
    with pytest.raises(Conflict):
        await runs.control(retries.retry, task_id, TaskRetry())
    await runs.ended(task_id)
    assert len(arrived(simulator, task_id)) == 4


async def test_a_repeated_end_does_not_undo_the_retry(runs: Runs) -> None:
    """The run's worker may have died between the row's update and Temporal's, and may return during the retry."""
    task_id = await runs.start("One", plan=[a_subtask("s1", ONCE)])
    await runs.ended(task_id)
    async with runs.database.begin() as session:
        await retries.retry(session, runs.caller, task_id, TaskRetry())
    for path in (NodePath("s1"), ROOT):
        again = TransitionRecord(run_id=task_id, path=path, status="failed", error_code="wrong_key", error="No.")
        async with runs.database.begin() as session:
            assert await ends.record(session, again) == 0
    await runs.deliver(task_id)
    assert (await runs.ended(task_id))["status"] == "completed"


async def test_the_earlier_runs_end_does_not_end_the_retry(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = await runs.start("One", plan=[a_subtask("s1", ONCE)])
    await runs.ended(task_id)
    await runs.close_status(task_id)
    async with runs.database.begin() as session:
        await retries.retry(session, runs.caller, task_id, TaskRetry())

    close = db_runs.close_from_temporal

    async def closed(session: AsyncSession, run_id: TaskId, cancelled: bool, *, retries: int | None = None) -> bool:
        # The start is delivered after Temporal's response but before the lock.
        assert (cancelled, retries) == (False, 0)
        await runs.deliver(task_id)
        return await close(session, run_id, cancelled, retries=retries)

    monkeypatch.setattr(db_runs, "close_from_temporal", closed)
    reconciler = Reconciler(runs.database, runs.temporal)
    await reconciler._hold_against_temporal(await runs.temporal.client(), task_id)
    assert (await runs.ended(task_id))["status"] == "completed"


async def test_a_retry_waiting_for_its_run_can_be_cancelled(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    async def still_ending(run_id: TaskId, start: Start) -> None:
        raise StillEnding

    task_id = await runs.start("One", plan=[a_subtask("s1", ONCE)])
    await runs.ended(task_id)
    await runs.close_status(task_id)
    monkeypatch.setattr(runs.temporal, "start", still_ending)
    await runs.control(retries.retry, task_id, TaskRetry())
    assert (await runs.row(task_id))["status"] == "running"
    await runs.cancel(task_id)
    assert (await runs.ended(task_id))["status"] == "cancelled"


async def test_a_retry_ends_a_failed_run_that_continues(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "ENDING_TRIES", 0)
    task_id = await runs.start("One", plan=[a_subtask("s1", "[[sim: hang=1]] go")])
    await runs.until(task_id, lambda row: row["model_calls"] == 1)
    async with runs.database.begin() as session:
        failed = TransitionRecord(run_id=task_id, path=ROOT, status="failed", error_code="wrong_key")
        await ends.record(session, failed)
    before = await run_of(runs, task_id)
    await runs.control(retries.retry, task_id, TaskRetry())

    async def is_another() -> bool:
        return await run_of(runs, task_id) != before

    await until_true(is_another)
    await runs.cancel(task_id)
    assert (await runs.ended(task_id))["status"] == "cancelled"


async def run_of(runs: Runs, task_id: TaskId) -> str:
    """Return the ID of the run that Temporal currently has for the task."""
    client = await runs.temporal.client()
    return (await client.get_workflow_handle(workflow_id_of(task_id)).describe()).run_id
