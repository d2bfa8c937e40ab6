"""What is told of a call that has to wait for its provider before it begins."""

from tests.runs import Runs, a_subtask

HELD = "[[sim: status=429; retry_after=2; times=1; tokens=5]] go"


async def test_a_call_that_waits_for_its_provider_says_so_once(runs: Runs) -> None:
    first = await runs.start("Be refused", plan=[a_subtask("one", HELD)])
    await runs.event(first, "model_call.failed")
    second = await runs.start("Come after", plan=[a_subtask("one"), a_subtask("two")])
    assert (await runs.ended(second))["status"] == "completed"
    told = [event for event in await runs.events(second) if event.type == "model_call.waiting"]
    assert sorted(event.path for event in told) == ["one", "two"]
    assert {event.code for event in told} == {"rate_limited"}
    assert all(0 < (event.retry_after_s or 0) < 4 for event in told)
    types = [event.type for event in await runs.events(second) if event.path == "one"]
    assert types.index("model_call.waiting") < types.index("model_call.started")
    assert (await runs.ended(first))["status"] == "completed"
