"""What is told of a call that has to wait for its provider before it begins."""

import pytest

from chimera.db.held_up import held_up_calls
from chimera.standing import Standings
from models.errors import RateLimited
from models.ids import TaskId
from models.tasks import HeldUpCall
from tests.runs import Runs, a_subtask

HELD = "[[sim: status=429; retry_after=2; times=1; tokens=5]] go"


async def test_a_call_that_waits_for_its_provider_says_so_once(runs: Runs) -> None:
    first = await runs.start("Be refused", plan=[a_subtask("one", HELD)])
    await runs.event(first, "model_call.failed")
    second = await runs.start("Come after", plan=[a_subtask("one"), a_subtask("two")])
    await runs.event(second, "model_call.waiting")
    assert [(call.path, call.step, call.code) for call in await _held_up(runs, first)] == [("one", 1, "rate_limited")]
    assert {call.code for call in await _held_up(runs, second)} == {"rate_limited"}
    assert (await runs.ended(second))["status"] == "completed"
    told = [event for event in await runs.events(second) if event.type == "model_call.waiting"]
    assert sorted(event.path for event in told) == ["one", "two"]
    assert {event.code for event in told} == {"rate_limited"}
    assert all(0 < (event.retry_after_s or 0) < 4 for event in told)
    types = [event.type for event in await runs.events(second) if event.path == "one"]
    assert types.index("model_call.waiting") < types.index("model_call.started")
    assert (await runs.ended(first))["status"] == "completed"
    assert await _held_up(runs, first) == await _held_up(runs, second) == ()


async def test_a_call_that_is_refused_again_and_again_says_so_once(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    admit, refusals = Standings.admit, 0

    async def admit_the_fourth(standings: Standings, account: str) -> None:
        nonlocal refusals
        if refusals < 3:
            refusals += 1
            raise RateLimited("Not now.", retry_after_s=0.2)
        await admit(standings, account)

    monkeypatch.setattr(Standings, "admit", admit_the_fourth)
    task_id = await runs.start("Come back", plan=[a_subtask("one")])
    assert (await runs.ended(task_id))["status"] == "completed"
    assert refusals == 3
    told = [event for event in await runs.events(task_id) if event.type == "model_call.waiting"]
    assert len(told) == 1


async def _held_up(runs: Runs, task_id: TaskId) -> tuple[HeldUpCall, ...]:
    async with runs.database.begin() as session:
        return await held_up_calls(session, task_id)
