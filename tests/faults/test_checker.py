"""A checker that finds nothing proves nothing, so each kind of damage is done by hand and must be found."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from models.ids import TaskId
from tests.faults.checker import Findings, examine
from tests.faults.clients import Follower, PostResult
from tests.faults.trials import Trial

_OF_THE_CALL = "WHERE run_id = :id AND path = 'only'"
MISSING = {
    "an open subtask": f"UPDATE subtasks SET status = 'running' {_OF_THE_CALL}",
    "a cancelled subtask": f"UPDATE subtasks SET status = 'cancelled' {_OF_THE_CALL}",
    "no result of a subtask": f"UPDATE subtasks SET result = NULL {_OF_THE_CALL}",
    "no result of a task": "UPDATE runs SET result = NULL WHERE id = :id",
    "a call that failed": f"UPDATE calls SET status = 'failed' {_OF_THE_CALL}",
    "no outcome": f"UPDATE calls SET outcome = NULL {_OF_THE_CALL}",
    "no reply": f"DELETE FROM messages {_OF_THE_CALL} AND role = 'assistant'",
    "a late attempt": f"UPDATE call_attempts SET status = 'late' {_OF_THE_CALL}",
    "no end of a subtask": (
        'UPDATE events SET payload = payload || \'{"type": "run.resumed"}\' WHERE run_id = :id'
        " AND payload ->> 'type' = 'subtask.completed'"
    ),
    "no end of a call": (
        'UPDATE events SET payload = payload || \'{"type": "run.resumed"}\' WHERE run_id = :id'
        " AND payload ->> 'type' = 'model_call.finished'"
    ),
}
"""Traces of an answer that wasn't stored, each made by one statement."""


async def test_an_unbooked_arrival_is_found(ended: Trial) -> None:
    arrive(ended, attempt=2, at=0.0)
    found = await examined(ended)
    assert (found.unbooked, found.extra, found.repeated) == (1, 1, 0)


async def test_a_second_arrival_under_the_same_attempt_is_seen(ended: Trial) -> None:
    arrive(ended, attempt=1, at=0.0)
    assert (await examined(ended)).unbooked == 1


async def test_a_settled_call_that_is_made_again_is_seen(ended: Trial) -> None:
    arrive(ended, attempt=2, at=datetime.now(UTC).timestamp())
    assert (await examined(ended)).repeated == 1


async def test_an_answer_that_the_provider_never_gave_is_seen(ended: Trial) -> None:
    await damage(ended, "UPDATE call_attempts SET attempt = 7 WHERE run_id = :id")
    found = await examined(ended)
    assert (found.unasked, found.unbooked) == (1, 1)


async def test_an_accepted_task_without_a_row_is_lost(ended: Trial) -> None:
    ended.offers.answers.append(PostResult("another", "ok", 202, TaskId("00000000-0000-0000-0000-000000000000")))
    assert (await examined(ended)).lost == 1


async def test_a_row_contradicting_temporal_is_found(ended: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.checker.AGREE_S", 0.5)
    await damage(ended, "UPDATE runs SET status = 'failed' WHERE id = :id")
    assert (await examined(ended)).disagreeing == 1


async def test_only_an_unstarted_cancelled_task_needs_no_run(ended: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.checker.AGREE_S", 0.5)
    key, http = f"{ended.offers.prefix}unstarted", ended.lab.http
    draft = await http.post("/api/v1/tasks", json={"goal": "Never", "start": False}, headers={"Idempotency-Key": key})
    task_id = TaskId(draft.json()["id"])
    assert (await http.post(f"/api/v1/tasks/{task_id}/cancel")).status_code == 202
    ended.offers.answers.append(PostResult(key, "ok", 202, task_id))
    assert (await examine(ended.lab, ended.offers)).problems() == []
    await damage(ended, f"UPDATE runs SET started_at = now() WHERE id = '{task_id}'")
    found = await examined(ended)
    assert (found.lost, found.disagreeing) == (1, 1)


async def test_two_ids_for_one_key_are_seen(ended: Trial) -> None:
    key = ended.offers.answers[0].key
    ended.offers.answers.append(PostResult(key, "ok", 202, TaskId("00000000-0000-0000-0000-000000000000")))
    assert (await examined(ended)).duplicates == 1


async def test_an_event_that_is_missing_is_seen(ended: Trial) -> None:
    await damage(ended, "DELETE FROM events WHERE run_id = :id AND seq = 2")
    assert (await examined(ended)).gaps == 1


async def test_a_follower_that_saw_an_event_twice_is_seen(ended: Trial) -> None:
    follower = Follower(ended.lab.http, task_of(ended), ended.random, seen=[1, 2, 2, 3], last_type="run.completed")
    assert (await examine(ended.lab, ended.offers, [follower])).gaps == 1


async def test_an_account_with_a_wrong_sum_is_found(ended: Trial) -> None:
    await damage(ended, "UPDATE runs SET spent_micro_usd = spent_micro_usd + 1 WHERE id = :id")
    assert (await examined(ended)).misbooked == 1


async def test_a_cost_different_from_the_providers_is_found(ended: Trial) -> None:
    await damage(ended, "UPDATE call_attempts SET cost_micro_usd = cost_micro_usd + 1 WHERE run_id = :id")
    found = await examined(ended)
    assert found.booked_micro_usd == found.provider_micro_usd + 1


async def test_a_second_end_is_seen(ended: Trial) -> None:
    await damage(
        ended,
        "WITH more AS (UPDATE runs SET event_seq = event_seq + 1 WHERE id = :id RETURNING event_seq)"
        ' INSERT INTO events (run_id, seq, payload) SELECT :id, event_seq, \'{"type": "run.cancelled"}\' FROM more',
    )
    assert (await examined(ended)).gaps == 1


@pytest.mark.parametrize("statement", MISSING.values(), ids=MISSING)
async def test_an_answer_that_is_missing_is_seen(ended: Trial, statement: str) -> None:
    await damage(ended, statement)
    assert (await examined(ended)).missing == 1


async def test_a_completed_run_without_its_row_is_seen(ended: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.checker.AGREE_S", 0.5)
    await damage(ended, "UPDATE runs SET status = 'cancelled' WHERE id = :id")
    assert (await examined(ended)).missing == 1


async def test_a_deleted_task_lacks_nothing(ended: Trial) -> None:
    (await ended.lab.http.delete(f"/api/v1/tasks/{task_of(ended)}")).raise_for_status()
    assert (await examine(ended.lab, ended.offers)).problems() == []


def task_of(ended: Trial) -> TaskId:
    return next(iter(ended.offers.accepted()))


async def examined(ended: Trial) -> Findings:
    found = await examine(ended.lab, ended.offers)
    assert found.problems() != []
    return found


async def damage(ended: Trial, statement: str) -> None:
    async with ended.lab.database.begin() as session:
        await session.execute(text(statement), {"id": task_of(ended)})


def arrive(ended: Trial, *, attempt: int, at: float) -> None:
    """Add an arrival that never happened to the provider's journal."""
    line: dict[str, Any] = {
        "t": at,
        "call_id": f"{task_of(ended)}/only#turn.1",
        "attempt": str(attempt),
        "phase": "arrived",
        "model": "fast",
        "input_tokens": 1,
        "output_tokens": 0,
        "status": None,
    }
    with ended.lab.folder.simulator_journal.open("a") as journal:
        journal.write(json.dumps(line) + "\n")
