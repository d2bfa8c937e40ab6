"""Tasks end to end below the API: real Temporal, PostgreSQL, Redis, and the simulator over HTTP."""

import asyncio
from typing import Any

import pytest

from activities.calls import stops
from activities.calls.settle import Settlements
from chimera.ledger.calls import Intent
from chimera.store import task_controls
from models.events import ModelCallFailed
from models.model_calls import AttemptStatus, ModelCallOutcome, Purpose
from models.runs import RunKind
from models.tasks import Budget, Guidance, SteerRequest
from tests.conftest import SimulatorServer
from tests.gate import Gate
from tests.runs import MODEL, Runs, a_subtask, runs_with_worker
from tests.until import until

PAUSE_S = 3600
"""The wait that a provider asks for between two attempts."""


async def test_a_planned_task_ends_with_a_simulated_answer(runs: Runs) -> None:
    task_id = await runs.start("Compare tea and coffee [[sim plan: split=3]]")
    row = await runs.ended(task_id)
    assert (row["status"], row["error"]) == ("completed", None)
    assert "[simulated]" in row["result"]
    assert row["simulated"] is True
    assert row["subtasks_done"] == row["subtasks_total"] == 3
    assert await runs.close_status(task_id) == "COMPLETED"


async def test_events_have_no_gaps_up_to_the_end(runs: Runs) -> None:
    task_id = await runs.start("Compare tea and coffee")
    row = await runs.ended(task_id)
    numbers = await runs.rows("SELECT seq FROM events WHERE run_id = :id ORDER BY seq", task_id)
    assert [number["seq"] for number in numbers] == list(range(1, row["event_seq"] + 1))
    assert (await runs.events(task_id))[-1].type == "run.completed"


async def test_the_ledger_counts_what_the_provider_counted(runs: Runs, simulator: SimulatorServer) -> None:
    task_id = await runs.start("Compare tea and coffee [[sim plan: split=4]]")
    row = await runs.ended(task_id)
    asked = [entry for entry in simulator.asked() if entry["call_id"].startswith(task_id)]
    arrived = [entry for entry in asked if entry["phase"] == "arrived"]
    finished = [entry for entry in asked if entry["phase"] == "finished"]
    attempts = await runs.attempts(task_id)
    assert len(arrived) == len(finished) == len(attempts) == row["model_calls"]
    assert sum(entry["output_tokens"] for entry in finished) == row["output_tokens"]
    assert row["spent_micro_usd"] == sum(attempt["cost_micro_usd"] for attempt in attempts) > 0
    assert (row["reserved_micro_usd"], row["reserved_tokens"]) == (0, 0)


async def test_a_given_dag_runs_in_dependency_order(runs: Runs) -> None:
    plan = [a_subtask("a"), a_subtask("b"), a_subtask("c", depends_on=["a", "b"])]
    task_id = await runs.start("Do as planned", plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    question = await runs.rows("SELECT content FROM messages WHERE run_id = :id AND path = 'c' AND seq = 1000", task_id)
    results = await runs.rows("SELECT path, result FROM subtasks WHERE run_id = :id AND path IN ('a', 'b')", task_id)
    for result in results:
        assert result["result"] in question[0]["content"]


async def test_a_single_subtask_needs_no_aggregation(runs: Runs) -> None:
    task_id = await runs.start("Just one", plan=[a_subtask("only")])
    row = await runs.ended(task_id)
    subtask = await runs.rows("SELECT result FROM subtasks WHERE run_id = :id", task_id)
    assert row["result"] == subtask[0]["result"]
    assert row["model_calls"] == 1


async def test_a_subtask_may_be_planned_again(runs: Runs) -> None:
    plan = [a_subtask("deep", "Look into tides [[sim plan: split=2]]", decompose=True), a_subtask("flat")]
    task_id = await runs.start("Go deeper", plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    paths = await runs.rows("SELECT path, status FROM subtasks WHERE run_id = :id", task_id)
    assert len([path for path in paths if path["path"].startswith("deep/")]) == 2
    assert {path["status"] for path in paths} == {"completed"}


async def test_a_subtask_planned_as_one_keeps_its_answer(runs: Runs) -> None:
    plan = [a_subtask("deep", "Look into tides [[sim plan: split=1]]", decompose=True)]
    task_id = await runs.start("Go deeper", plan=plan)
    row = await runs.ended(task_id)
    subtasks = await runs.rows("SELECT path, result FROM subtasks WHERE run_id = :id ORDER BY path", task_id)
    deep, part = subtasks
    assert row["result"] == deep["result"] == part["result"] != ""
    assert row["subtasks_done"] == 2
    ends = [event.path for event in await runs.events(task_id) if event.type == "subtask.completed"]
    assert ends == ["deep/part-1", "deep"]


async def test_the_transcript_keeps_tool_call_and_result(runs: Runs) -> None:
    task_id = await runs.start("Compute", plan=[a_subtask("sum", "What is 17 * 23?", agent="analyst")])
    row = await runs.ended(task_id)
    assert "391" in row["result"]
    roles = await runs.rows("SELECT role FROM messages WHERE run_id = :id AND path = 'sum' ORDER BY seq", task_id)
    assert [role["role"] for role in roles] == ["user", "assistant", "tool", "assistant"]


async def test_the_last_turn_forbids_tool_calls(runs: Runs) -> None:
    plan = [a_subtask("loop", "[[sim: turns=50; tokens=5]] go on", agent="analyst")]
    task_id = await runs.start("Loop", plan=plan, limits={"max_turns": 3})
    row = await runs.ended(task_id)
    assert row["status"] == "completed"
    assert row["model_calls"] == 3


@pytest.mark.parametrize(("policy", "status"), [("fail", "failed"), ("skip", "failed"), ("retry", "failed")])
async def test_a_failure_far_down_the_tree_ends_the_task(runs: Runs, policy: str, status: str) -> None:
    deep = a_subtask("deep", 'Look [[sim plan: split=2; sub="status=400,times=99"]]', decompose=True)
    task_id = await runs.start("Fail below", plan=[deep], on_failure=policy, max_retries=1)
    row = await runs.ended(task_id)
    assert row["status"] == status
    assert await runs.close_status(task_id) == "FAILED"


async def test_a_bad_plan_is_repaired_once(runs: Runs) -> None:
    task_id = await runs.start("Plan badly once [[sim plan: badplan=cyclic; times=1]]")
    assert (await runs.ended(task_id))["status"] == "completed"
    assert "plan.rejected" in [event.type for event in await runs.events(task_id)]


async def test_a_plan_still_bad_fails_the_task(runs: Runs) -> None:
    task_id = await runs.start("Plan badly [[sim plan: badplan=unknown_agent; times=9]]")
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"]) == ("failed", "plan_invalid")
    assert "agent" in row["error"]
    assert await runs.close_status(task_id) == "FAILED"


@pytest.mark.parametrize(("policy", "status"), [("fail", "failed"), ("skip", "completed")])
async def test_a_failed_subtask_is_handled_by_the_policy(runs: Runs, policy: str, status: str) -> None:
    plan = [a_subtask("good"), a_subtask("bad", "[[sim: status=400; times=99]] fail")]
    task_id = await runs.start("Mixed", plan=plan, on_failure=policy)
    row = await runs.ended(task_id)
    assert row["status"] == status
    states = {r["path"]: r["status"] for r in await runs.rows("SELECT * FROM subtasks WHERE run_id = :id", task_id)}
    assert states["bad"] == ("failed" if policy == "fail" else "skipped")


async def test_a_failure_cancels_subtasks_not_started(runs: Runs) -> None:
    plan = [a_subtask("bad", "[[sim: status=400; times=99]] fail"), a_subtask("next", depends_on=["bad"])]
    task_id = await runs.start("Fail", plan=plan)
    await runs.ended(task_id)
    ends = [(event.type, event.path) for event in (await runs.events(task_id))[-3:]]
    assert ends == [("subtask.failed", "bad"), ("subtask.cancelled", "next"), ("run.failed", "")]


async def test_a_retried_subtask_continues_where_it_failed(runs: Runs) -> None:
    plan = [a_subtask("flaky", "[[sim: turns=2; tokens=5; status=400; times=1]] go", agent="analyst")]
    task_id = await runs.start("Retry", plan=plan, on_failure="retry", max_retries=5)
    row = await runs.ended(task_id)
    assert (row["status"], row["error"]) == ("completed", None)
    statuses = [(a["step"], a["attempt"], a["status"]) for a in await runs.attempts(task_id)]
    assert statuses[:2] == [(1, 1, "failed"), (1, 2, "finished")]
    answered = [(step, status) for step, _, status in statuses if status == AttemptStatus.FINISHED]
    assert len(answered) == len(set(answered))


async def test_a_retried_subtask_replans_a_refused_plan(runs: Runs) -> None:
    deep = a_subtask("deep", "Look [[sim plan: badplan=cyclic; times=2; split=2]]", decompose=True)
    task_id = await runs.start("Plan again", plan=[deep], on_failure="retry", max_retries=1)
    row = await runs.ended(task_id)
    assert (row["status"], row["error"]) == ("completed", None)
    plans = [(a["step"], a["status"]) for a in await runs.attempts(task_id) if a["purpose"] == Purpose.PLAN]
    assert plans == [(1, "finished"), (2, "finished"), (3, "finished")]


async def test_a_retried_subtask_keeps_its_accepted_plan(runs: Runs) -> None:
    """Its subtask fails on both of its own attempts, so the planned subtask fails and is itself retried."""
    deep = a_subtask("deep", 'Look [[sim plan: split=1; sub="status=400,times=2"]]', decompose=True)
    task_id = await runs.start("Plan once", plan=[deep], on_failure="retry", max_retries=1)
    assert (await runs.ended(task_id))["status"] == "completed"
    attempts = [(a["purpose"], a["status"]) for a in await runs.attempts(task_id)]
    assert attempts == [
        (Purpose.PLAN, "finished"),
        (Purpose.TURN, "failed"),
        (Purpose.TURN, "failed"),
        (Purpose.TURN, "finished"),
    ]


async def test_three_500s_then_an_answer_are_four_requests(runs: Runs, simulator: SimulatorServer) -> None:
    """F22: the SDK's own retries are turned off."""
    task_id = await runs.start(
        "Flaky", plan=[a_subtask("one", "[[sim: status=500; retry_after=0.1; times=3; tokens=5]] go")]
    )
    assert (await runs.ended(task_id))["status"] == "completed"
    asked = [e for e in simulator.asked() if e["call_id"].startswith(task_id) and e["phase"] == "arrived"]
    assert len(asked) == 4
    assert [a["status"] for a in await runs.attempts(task_id)] == ["failed"] * 3 + ["finished"]


async def test_a_provider_that_keeps_failing_is_asked_five_times(runs: Runs, simulator: SimulatorServer) -> None:
    settings_attempts = runs.settings.call_max_attempts
    task_id = await runs.start("Down", plan=[a_subtask("one", "[[sim: status=500; retry_after=0.1; times=99]] go")])
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"]) == ("failed", "attempts_used_up")
    asked = [e for e in simulator.asked() if e["call_id"].startswith(task_id) and e["phase"] == "arrived"]
    assert len(asked) == settings_attempts
    assert all(word in row["error"] for word in ("internal_failure", f"{settings_attempts} times", "Last outcome: "))
    retryable = [event.retryable for event in await runs.events(task_id) if isinstance(event, ModelCallFailed)]
    assert retryable == [True] * (settings_attempts - 1) + [False]


async def test_the_last_attempt_fails_the_task_at_once(runs: Runs) -> None:
    plan = [a_subtask("one", f"[[sim: status=503; retry_after={PAUSE_S}; times=99]] go")]
    with_one_attempt = runs.settings.model_copy(update={"call_max_attempts": 1, "task_queue": "one-attempt"})
    async with runs.unswept(), runs_with_worker(with_one_attempt) as hasty:
        hasty.mode = runs.mode
        task_id = await hasty.start("Down", plan=plan)
        row = await hasty.ended(task_id)
    assert (row["status"], row["error_code"]) == ("failed", "attempts_used_up")


async def test_pause_holds_and_resume_releases_the_next_call(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "/first#")
    task_id = await runs.start("Pause", plan=[a_subtask("first"), a_subtask("second", depends_on=["first"])])
    await runs.event(task_id, "model_call.started")
    await runs.control(task_controls.pause, task_id)
    gate.open()
    await runs.event(task_id, "subtask.completed")
    # By the end of this wait, the second subtask would have begun if nothing held it.
    await asyncio.sleep(0.5)
    assert (await runs.row(task_id))["status"] == "paused"
    assert (await runs.row(task_id))["model_calls"] == 1
    await runs.control(task_controls.resume, task_id)
    assert (await runs.ended(task_id))["status"] == "completed"


async def test_a_resumed_task_checks_its_budget_again(runs: Runs) -> None:
    plan = [a_subtask("a"), a_subtask("b", depends_on=["a"])]
    task_id = await runs.start("Poor", plan=plan, budget={"max_model_calls": 1})
    await runs.until(task_id, lambda row: row["status"] == "waiting")
    await runs.control(task_controls.pause, task_id)
    await runs.control(task_controls.resume, task_id)
    await runs.until(task_id, lambda row: row["status"] == "waiting")
    await runs.control(task_controls.raise_budget, task_id, Budget(max_model_calls=10))
    assert (await runs.ended(task_id))["status"] == "completed"


async def test_a_goal_is_cut_to_the_window(runs: Runs) -> None:
    task_id = await runs.start("word " * 19_000, plan=[a_subtask("a", "word " * 3_900)], model=MODEL)
    assert (await runs.ended(task_id))["status"] == "completed"


async def test_guidance_is_seen_by_the_next_call_and_acknowledged(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "/first#")
    task_id = await runs.start("Steer", plan=[a_subtask("first"), a_subtask("second", depends_on=["first"])])
    await runs.event(task_id, "model_call.started")
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Mention the moon."))
    receipt = await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id))
    assert receipt is not None
    assert receipt.reaches == ("first",)
    gate.open()
    await runs.ended(task_id)
    second = await runs.rows("SELECT result FROM subtasks WHERE run_id = :id AND path = 'second'", task_id)
    assert "Mention the moon" in second[0]["result"]


async def test_an_interrupting_guidance_cuts_the_call_in_flight(runs: Runs, simulator: SimulatorServer) -> None:
    task_id = await runs.start("Interrupt", plan=[a_subtask("long", "[[sim: tokens=2000; drip=20]] go")])
    await until(lambda: len(_seen(simulator, task_id, "arrived")) == 1)
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Be short. [[sim: tokens=5]]"))
    await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id, interrupt=True))
    row = await runs.ended(task_id)
    assert row["status"] == "completed"
    assert [a["status"] for a in await runs.attempts(task_id)] == ["cancelled", "finished"]


async def test_cancel_stops_every_call(runs: Runs, simulator: SimulatorServer) -> None:
    """The calls would run for minutes. A worker checks for stops twice a second."""
    assert stops.LOOK_SECONDS <= 0.5
    plan = [a_subtask(f"s{i}", "[[sim: tokens=5000; drip=20]] go") for i in range(5)]
    task_id = await runs.start("Cancel", plan=plan)
    await until(lambda: len(_seen(simulator, task_id, "arrived")) == 5)
    await runs.cancel(task_id)
    await until(lambda: len(_seen(simulator, task_id, "cut")) == 5)
    row = await runs.ended(task_id)
    assert row["status"] == "cancelled"
    assert await runs.close_status(task_id) == "CANCELED"
    assert row["last_call_at"] < row["ended_at"]
    assert {a["status"] for a in await runs.attempts(task_id)} == {"cancelled"}
    states = await runs.rows("SELECT DISTINCT status FROM subtasks WHERE run_id = :id", task_id)
    assert [state["status"] for state in states] == ["cancelled"]
    ends = [(event.type, event.path) for event in (await runs.events(task_id))[-6:]]
    assert ends == [*(("subtask.cancelled", f"s{i}") for i in range(5)), ("run.cancelled", "")]


async def test_a_call_cut_early_is_booked_with_its_prompt(runs: Runs, simulator: SimulatorServer) -> None:
    task_id = await runs.start("Cancel", plan=[a_subtask("a", "[[sim: hang=1]] go")])
    await until(lambda: len(_seen(simulator, task_id, "arrived")) == 1)
    await runs.cancel(task_id)
    row = await runs.ended(task_id)
    [attempt] = await runs.attempts(task_id)
    assert (attempt["status"], attempt["estimated"], attempt["output_tokens"]) == ("cancelled", True, 0)
    assert row["spent_micro_usd"] == attempt["cost_micro_usd"] > 0
    assert (row["reserved_micro_usd"], row["in_doubt_micro_usd"]) == (0, 0)


async def test_a_raised_budget_lets_a_paused_task_finish(runs: Runs) -> None:
    plan = [a_subtask("a"), a_subtask("b", depends_on=["a"]), a_subtask("c", depends_on=["b"])]
    task_id = await runs.start("Poor", plan=plan, budget={"max_model_calls": 2})
    row = await runs.until(task_id, lambda row: row["status"] == "waiting")
    assert row["model_calls"] == 2
    await runs.control(task_controls.raise_budget, task_id, Budget(max_model_calls=10))
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 4)


async def test_fifty_subtasks_racing_one_budget_never_overspend(runs: Runs) -> None:
    plan = [a_subtask(f"s{i}", "[[sim: tokens=100]] go") for i in range(50)]
    limit = 8_000
    task_id = await runs.start("Race", plan=plan, budget={"max_cost_micro_usd": limit})
    row = await runs.until(task_id, lambda row: row["status"] == "waiting")
    assert 0 < row["spent_micro_usd"] + row["reserved_micro_usd"] <= limit
    await runs.control(task_controls.raise_budget, task_id, Budget(max_cost_micro_usd=10_000_000))
    row = await runs.ended(task_id)
    assert row["status"] == "completed"
    assert row["subtasks_done"] == 50


def _seen(simulator: SimulatorServer, task_id: str, phase: str) -> list[dict[str, Any]]:
    return [e for e in simulator.asked() if e["call_id"].startswith(task_id) and e["phase"] == phase]


async def test_a_stopped_task_pays_for_its_late_answer(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Settlements.settle

    async def settle(settlements: Settlements, intent: Intent, *rest: Any) -> ModelCallOutcome:
        if intent.request.purpose is Purpose.AGGREGATE:
            await runs.control(task_controls.cancel, intent.request.run_id, RunKind.TASK)
        return await real(settlements, intent, *rest)

    monkeypatch.setattr(Settlements, "settle", settle)
    task_id = await runs.start("Two things", plan=[a_subtask("a"), a_subtask("b")])
    row = await runs.ended(task_id)
    assert (row["status"], row["result"], row["reserved_micro_usd"]) == ("cancelled", None, 0)
    assert [attempt["status"] for attempt in await runs.attempts(task_id)] == ["finished"] * 3
