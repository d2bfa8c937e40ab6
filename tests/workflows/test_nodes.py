"""Nodes that continue elsewhere: in their workflow's next run, or in their own workflow."""

from collections import Counter

import pytest

from chimera.store import retries, task_controls
from chimera.temporal.client import RETRIES
from chimera.temporal.payloads import Encryption, converter_of
from models.ids import NodePath, TaskId, workflow_id_of
from models.tasks import Budget, Guidance, SteerReceipt, SteerRequest, SubtaskMode, TaskRetry
from models.workflows import OWNER
from tests.gate import Gate
from tests.runs import Runs, a_subtask
from tests.until import until_true
from tests.workflows.test_replay import replayer
from workflows.gate import MOST_TIMES

CONTROLS = 500
MAX_EVENTS = 400 * (MOST_TIMES + 1)


async def executions_of(runs: Runs, task_id: TaskId) -> Counter[str]:
    """Count the executions of each of a task's workflows, by the path of its node."""
    histories = await runs.histories(task_id)
    return Counter(history.workflow_id.removeprefix(workflow_id_of(task_id)) for history in histories)


async def places_of(runs: Runs, task_id: TaskId) -> list[tuple[str, str, int, str]]:
    """Return a task's model calls, each as often as a provider was called for it."""
    return [(a["path"], a["purpose"], a["step"], a["status"]) for a in await runs.attempts(task_id)]


async def test_a_long_inline_subtask_moves_into_a_child(runs: Runs) -> None:
    plan = [a_subtask("long", "[[sim: turns=8; tokens=5]] go on", agent="analyst"), a_subtask("short")]
    task_id = await runs.start("Take long", plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    calls = [place for place in await places_of(runs, task_id) if place[0] == "long"]
    assert calls == [("long", "turn", step, "finished") for step in range(1, 10)]
    paths = {"", "/long", "/short"} if runs.mode is SubtaskMode.CHILD else {"", "/long"}
    assert set(await executions_of(runs, task_id)) == paths


@pytest.mark.parametrize("subtasks", [20, 21])
async def test_a_large_plan_has_children(runs: Runs, subtasks: int) -> None:
    plan = [a_subtask(f"s{number}", "[[sim: tokens=2]] go") for number in range(subtasks)]
    task_id = await runs.start("Much", plan=plan)
    assert (await runs.ended(task_id))["subtasks_done"] == subtasks
    are_inside = runs.mode is SubtaskMode.INLINE and subtasks <= 20
    assert len(await executions_of(runs, task_id)) == (1 if are_inside else 1 + subtasks)


async def test_a_decomposed_subtask_is_a_child_at_once(runs: Runs) -> None:
    plan = [a_subtask("deep", "Look into tides [[sim plan: split=2]]", decompose=True), a_subtask("flat")]
    task_id = await runs.start("Go deeper", plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    paths = set(await executions_of(runs, task_id))
    inside = {"", "/deep"}
    assert paths == (inside if runs.mode is SubtaskMode.INLINE else {*inside, "/flat", "/deep/part-1", "/deep/part-2"})


async def test_a_root_continues_as_new_and_repeats_no_call(runs: Runs) -> None:
    deep = a_subtask("deep", 'Look [[sim plan: split=2; sub="turns=3,tokens=5"]]', decompose=True)
    long = a_subtask("long", "[[sim: turns=8; tokens=5]] go on", agent="analyst")
    task_id = await runs.start_short(20, "Continue", plan=[deep, long, a_subtask("last", depends_on=["deep", "long"])])
    row = await runs.ended(task_id)
    assert (row["status"], row["subtasks_done"]) == ("completed", 5)
    calls = await places_of(runs, task_id)
    assert len(calls) == len(set(calls)) == row["model_calls"]
    assert {status for *_, status in calls} == {"finished"}
    executions = await executions_of(runs, task_id)
    assert executions[""] > 1
    for history in await runs.histories(task_id):
        assert len(history.events) < 150


async def test_a_call_in_flight_is_waited_for(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "/held#")
    plan = [a_subtask("held"), a_subtask("long", "[[sim: turns=12; tokens=5]] go on", agent="analyst")]
    task_id = await runs.start_short(10, "Hold", plan=plan)
    await runs.event(task_id, "model_call.started")
    await _paused_and_resumed(runs, task_id, times=12)
    gate.open()
    row = await runs.ended(task_id)
    assert row["status"] == "completed"
    assert [place for place in await places_of(runs, task_id) if place[0] == "held"] == [
        ("held", "turn", 1, "finished")
    ]
    assert (await executions_of(runs, task_id))[""] > 1


async def test_a_call_in_flight_holds_back_no_other_subtask(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "/held#")
    plan = [a_subtask("held"), *(a_subtask(f"s{number}", depends_on=["first"]) for number in range(4))]
    task_id = await runs.start_short(20, "Hold", plan=[a_subtask("first"), *plan])
    await runs.until(task_id, lambda row: row["subtasks_done"] == 5)
    gate.open()
    assert (await runs.ended(task_id))["status"] == "completed"
    assert (await executions_of(runs, task_id))[""] > 1


async def test_guidance_cuts_a_call_that_is_waited_for(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "/held#")
    task_id = await runs.start_short(10, "Hold", plan=[a_subtask("held"), a_subtask("next", depends_on=["held"])])
    await runs.event(task_id, "model_call.started")
    await _paused_and_resumed(runs, task_id, times=6)
    receipt = await _steered(runs, task_id, interrupt=True, path=NodePath("held"))
    assert receipt.reaches == ("held",)
    await until_true(lambda: _was_tried(runs, task_id, times=2))
    gate.open()
    assert (await runs.ended(task_id))["status"] == "completed"
    assert [status for path, *_, status in await places_of(runs, task_id) if path == "held"] == [
        "cancelled",
        "finished",
    ]
    assert (await executions_of(runs, task_id))[""] > 1


async def test_a_budget_wait_survives_continue_as_new(runs: Runs) -> None:
    plan = [a_subtask("a"), a_subtask("b", depends_on=["a"])]
    task_id = await runs.start_short(20, "Poor", plan=plan, budget={"max_model_calls": 1})
    for _ in range(4):
        await runs.until(task_id, lambda row: row["status"] == "waiting")
        await _paused_and_resumed(runs, task_id, times=2)
    await runs.until(task_id, lambda row: row["status"] == "waiting")
    await runs.control(task_controls.raise_budget, task_id, Budget(max_model_calls=10))
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 3)
    assert (await executions_of(runs, task_id))[""] > 1


async def test_a_cancel_while_a_node_suspends_ends_the_run(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    Gate(monkeypatch, "/held#")
    task_id = await runs.start_short(10, "Cancel", plan=[a_subtask("held"), a_subtask("other")])
    await runs.event(task_id, "subtask.completed")
    await _paused_and_resumed(runs, task_id, times=10)
    await runs.cancel(task_id)
    assert (await runs.ended(task_id))["status"] == "cancelled"
    assert await runs.close_status(task_id) == "CANCELED"


async def test_a_subtask_retry_survives_continue_as_new(runs: Runs) -> None:
    plan = [
        a_subtask("flaky", "[[sim: turns=1; tokens=5; status=400; times=1]] go", agent="analyst"),
        a_subtask("long", "[[sim: turns=12; tokens=5]] go on", agent="analyst"),
    ]
    task_id = await runs.start_short(20, "Retry", plan=plan, on_failure="retry", max_retries=5)
    row = await runs.ended(task_id)
    assert (row["status"], row["error"]) == ("completed", None)
    calls = [(step, status) for path, _, step, status in await places_of(runs, task_id) if path == "flaky"]
    assert calls == [(1, "failed"), (1, "finished"), (2, "failed"), (2, "finished")]
    assert (await executions_of(runs, task_id))[""] > 1


async def test_the_next_run_is_known_by_the_same_facts(runs: Runs) -> None:
    plan = [
        a_subtask("once", "[[sim: status=401; times=1; tokens=5]] go"),
        a_subtask("long", "[[sim: turns=10; tokens=5]] go on", agent="analyst", depends_on=["once"]),
        *(a_subtask(f"s{number}", depends_on=["long"]) for number in range(8)),
    ]
    task_id = await runs.start_short(20, "Keep", plan=plan, priority=2)
    await runs.ended(task_id)
    await runs.control(retries.retry, task_id, TaskRetry())
    assert (await runs.ended(task_id))["status"] == "completed"
    await runs.close_status(task_id)
    client = await runs.temporal.client()
    described = await client.get_workflow_handle(workflow_id_of(task_id)).describe()
    info = described.raw_description.workflow_execution_info
    assert info.first_run_id != described.run_id
    assert await described.memo_value(RETRIES, 0) == 1
    assert described.typed_search_attributes.get(OWNER) == runs.caller.user_id
    assert (info.priority.priority_key, info.priority.fairness_key) == (2, runs.caller.user_id)


async def test_500_controls_are_accepted_and_histories_stay_short(runs: Runs) -> None:
    long = "[[sim: turns=70; tokens=5; delay=0.1]] go on"
    plan = [a_subtask(key, long, agent="analyst") for key in ("a", "b")]
    task_id = await runs.start_short(
        400, "Control", plan=plan, limits={"max_turns": 1000}, budget={"max_model_calls": 10_000}
    )
    await runs.event(task_id, "model_call.started")
    for number in range(CONTROLS // 4):
        await runs.control(task_controls.pause, task_id)
        await _steered(runs, task_id, interrupt=number % 10 == 0)
        await runs.control(task_controls.raise_budget, task_id, Budget(max_model_calls=10_001 + number))
        await runs.control(task_controls.resume, task_id)
    row = await runs.ended(task_id)
    assert (row["status"], row["guidance_given"], row["max_model_calls"]) == ("completed", CONTROLS // 4, 10_125)
    histories = await runs.histories(task_id)
    assert max(len(history.events) for history in histories) < MAX_EVENTS
    assert (await executions_of(runs, task_id))[""] > 1
    replay = replayer(converter=converter_of(Encryption(runs.settings)))
    for history in histories:
        await replay.replay_workflow(history)


async def _paused_and_resumed(runs: Runs, task_id: TaskId, *, times: int) -> None:
    for _ in range(times):
        await runs.control(task_controls.pause, task_id)
        await runs.control(task_controls.resume, task_id)


async def _steered(runs: Runs, task_id: TaskId, *, interrupt: bool, path: NodePath | None = None) -> SteerReceipt:
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Go on.", path=path))
    asked = SteerRequest(guidance_id=given.guidance_id, path=path, interrupt=interrupt)
    receipt = await runs.temporal.steer(task_id, asked)
    assert receipt is not None
    return receipt


async def _was_tried(runs: Runs, task_id: TaskId, *, times: int) -> bool:
    return len(await runs.attempts(task_id)) >= times
