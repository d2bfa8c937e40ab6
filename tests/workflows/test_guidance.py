"""Guidance that arrives late: while an agent writes what it considers its last answer, or while that is stored."""

import pytest

from chimera.store import task_controls
from models.events import GuidanceSeen
from models.ids import ROOT, NodePath, TaskId
from models.model_calls import Purpose
from models.tasks import Budget, Guidance, SteerReceipt, SteerRequest
from tests.gate import Gate
from tests.runs import Runs, a_subtask


async def steer(runs: Runs, task_id: TaskId, text: str, path: NodePath | None = None) -> SteerReceipt:
    given = await runs.control(task_controls.steer, task_id, Guidance(text=text, path=path))
    receipt = await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id, path=path))
    assert receipt is not None
    return receipt


async def seen_at(runs: Runs, task_id: TaskId) -> list[tuple[str, int | None]]:
    return [(event.path, event.step) for event in await runs.events(task_id) if isinstance(event, GuidanceSeen)]


async def test_late_guidance_gets_the_subtask_one_more_call(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    task_id = await runs.start("Steer late", plan=[a_subtask("only")])
    await runs.event(task_id, "model_call.started")
    receipt = await steer(runs, task_id, "Mention the moon. [[sim: tokens=40]]", NodePath("only"))
    assert receipt.reaches == ("only",)
    gate.open()
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 2)
    assert "Mention the moon" in row["result"]
    assert await seen_at(runs, task_id) == [("only", 2)]
    ends = [event.type for event in await runs.events(task_id) if event.type == "subtask.completed"]
    assert len(ends) == 1


async def test_guidance_for_another_subtask_lets_an_answer_stand(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    plan = [a_subtask("quick"), a_subtask("later", depends_on=["quick"])]
    task_id = await runs.start("Steer another", plan=plan)
    await runs.event(task_id, "model_call.started")
    await steer(runs, task_id, "Mention the moon.", NodePath("later"))
    gate.open()
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 3)
    assert await seen_at(runs, task_id) == [("later", 1)]


async def test_the_last_turns_answer_is_final(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    task_id = await runs.start("Steer too late", plan=[a_subtask("only")], limits={"max_turns": 1})
    await runs.event(task_id, "model_call.started")
    await steer(runs, task_id, "Mention the moon.")
    gate.open()
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 1)


async def test_late_guidance_gets_one_more_aggregation(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "#aggregate")
    task_id = await runs.start("Sum up.", plan=[a_subtask("a"), a_subtask("b")])
    await runs.until(task_id, lambda row: row["model_calls"] == 3)
    receipt = await steer(runs, task_id, "Mention the moon. [[sim: tokens=40]]")
    assert receipt.reaches == ()
    gate.open()
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 4)
    assert "Mention the moon" in row["result"]
    assert await seen_at(runs, task_id) == [(ROOT, 2)]
    purposes = [attempt["purpose"] for attempt in await runs.attempts(task_id)]
    assert purposes == [Purpose.TURN, Purpose.TURN, Purpose.AGGREGATE, Purpose.AGGREGATE]


async def test_an_aggregation_that_waits_for_money_can_be_steered(runs: Runs) -> None:
    plan = [a_subtask("a"), a_subtask("b")]
    task_id = await runs.start("Poor", plan=plan, budget={"max_model_calls": 2})
    await runs.until(task_id, lambda row: row["status"] == "waiting")
    await steer(runs, task_id, "Mention the moon.")
    await runs.control(task_controls.raise_budget, task_id, Budget(max_model_calls=3))
    row = await runs.ended(task_id)
    assert (row["status"], row["model_calls"]) == ("completed", 3)
    assert "Mention the moon" in row["result"]
