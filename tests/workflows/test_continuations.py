"""Answers cut at their token limit: continued, accepted or refused, and marked wherever they are shown."""

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from activities import continuations
from chimera.config.settings import Settings
from chimera.store import task_views
from chimera.store.costs import cost_of
from models.costs import CostSum
from models.events import ModelCallFinished, RunCompleted, SubtaskCompleted
from models.tasks import SubtaskMode
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.chat_completions import frames
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script

LOCAL = "local/m"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as scripted:
        yield scripted


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted, mode: SubtaskMode) -> AsyncIterator[Runs]:
    at_server = {
        "local_base_url": f"{server.url}/v1",
        "local_api_key": SecretStr("k"),
        "graceful_shutdown_s": 1.0,
        "context_windows": {LOCAL: 40_000},
    }
    async with runs_with_worker(settings.model_copy(update=at_server)) as started:
        started.mode = mode
        yield started


USAGE: dict[str, int] = frames.USAGE["usage"]


def answering(text: str, finish: str, usage: dict[str, int] | None = USAGE) -> Script:
    counted = {**frames.USAGE, "usage": usage}
    chunks: list[frames.Chunk] = [frames.piece(text), frames.chunk({}, finish), counted, frames.DONE]
    return Script([frames.framed(chunk).encode() for chunk in chunks])


async def test_a_cut_answer_is_continued_and_joined(runs: Runs, server: Scripted) -> None:
    server.answers(answering("One, two, thr", "length"), answering("ee, four, fi", "length"), answering("ve.", "stop"))
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("one")])
    row = await runs.ended(task_id)
    assert (row["status"], row["result"], row["finish_reason"]) == ("completed", "One, two, three, four, five.", "stop")
    assert len(server.bodies) == 3
    *_, reply, asked = server.bodies[2]["messages"]
    assert (reply["role"], reply["content"]) == ("assistant", "ee, four, fi")
    assert (asked["role"], asked["content"]) == ("user", continuations.ASK)
    attempts = await runs.attempts(task_id)
    assert [(each["status"], each["output_tokens"]) for each in attempts] == [("finished", 7)] * 3


async def test_an_answer_that_stays_cut_is_marked_everywhere(runs: Runs, server: Scripted) -> None:
    server.answers(*[answering(text, "length") for text in ("a", "b", "c")], answering("Done.", "stop"))
    plan = [a_subtask("one"), a_subtask("two", depends_on=["one"])]
    task_id = await runs.start("Write.", model=LOCAL, plan=plan)
    row = await runs.ended(task_id)
    assert (row["status"], len(server.bodies)) == ("completed", 5)
    subtasks = await runs.rows("SELECT key, result, finish_reason FROM subtasks WHERE run_id = :id", task_id)
    by_key = {each["key"]: (each["result"], each["finish_reason"]) for each in subtasks}
    assert by_key == {"one": ("abc", "length"), "two": ("Done.", "stop")}
    assert "abc\n[This result reached its length limit" in server.bodies[3]["messages"][-1]["content"]
    events = await runs.events(task_id)
    finished = [event.finish_reason for event in events if isinstance(event, ModelCallFinished)]
    assert finished == ["length", "length", "length", "stop", "stop"]
    completed = [event.finish_reason for event in events if isinstance(event, SubtaskCompleted)]
    assert completed == ["length", "stop"]


async def test_a_task_may_accept_a_cut_answer(runs: Runs, server: Scripted) -> None:
    server.answers(answering("Half a sen", "length"))
    task_id = await runs.start("Write.", model=LOCAL, plan=[a_subtask("one")], on_truncated="accept")
    row = await runs.ended(task_id)
    assert (row["status"], row["result"], row["finish_reason"]) == ("completed", "Half a sen", "length")
    assert len(server.bodies) == 1
    (ended,) = [event for event in await runs.events(task_id) if isinstance(event, RunCompleted)]
    assert ended.finish_reason == "length"


@pytest.mark.parametrize("keys", [("one",), ("one", "two")])
async def test_a_task_may_refuse_a_cut_answer(runs: Runs, server: Scripted, keys: tuple[str, ...]) -> None:
    whole = [answering("Whole.", "stop") for _ in keys[1:]] * 2
    server.answers(*whole, answering("Half a sen", "length"))
    plan = [a_subtask(key) for key in keys]
    task_id = await runs.start("Write.", model=LOCAL, plan=plan, on_truncated="fail")
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"], row["result"]) == ("failed", "answer_truncated", None)
    assert "max_output_tokens" in row["error"]
    # The answers are paid for and aren't requested again.
    assert len(server.bodies) == len(whole) + 1
    assert [each["status"] for each in await runs.attempts(task_id)] == ["finished"] * len(server.bodies)


@pytest.mark.parametrize(("wanted", "asked"), [(None, 2048), (6000, 6000), (131_072, 10_000)])
async def test_a_task_sets_the_answer_length(runs: Runs, server: Scripted, wanted: int | None, asked: int) -> None:
    """It applies to every built-in agent, up to the model's limit. That much is reserved, and the rest is released."""
    server.answers(answering("Whole.", "stop"))
    plan = [a_subtask("one"), a_subtask("two")]
    task_id = await runs.start("Write.", model=LOCAL, plan=plan, limits={"max_output_tokens": wanted})
    row = await runs.ended(task_id)
    assert (row["status"], row["reserved_tokens"]) == ("completed", 0)
    assert [body["max_tokens"] for body in server.bodies] == [asked] * 3
    reserved = await runs.rows("SELECT reserved_tokens FROM call_attempts WHERE run_id = :id", task_id)
    assert all(0 < each["reserved_tokens"] - asked < 1000 for each in reserved)


async def test_a_cut_answer_stands_if_continuing_fails(runs: Runs, server: Scripted) -> None:
    refusal = json.dumps({"error": {"message": "This model's maximum context length is 10 tokens."}}).encode()
    refused = Script([refusal], status=400, headers={"content-type": "application/json"})
    server.answers(answering("Half a sen", "length"), refused)
    task_id = await runs.start("Write.", model=LOCAL, plan=[a_subtask("one")])
    row = await runs.ended(task_id)
    assert (row["status"], row["result"], row["finish_reason"]) == ("completed", "Half a sen", "length")
    assert len(server.bodies) == 2
    assert row["output_tokens"] == 7


async def test_a_cut_plan_is_asked_for_anew(runs: Runs, server: Scripted) -> None:
    plan = json.dumps({"subtasks": [{"key": "one", "instruction": "Do it.", "agent": "writer"}]})
    server.answers(answering(plan[:40], "length"), answering(plan, "stop"), answering("Done.", "stop"))
    task_id = await runs.start("Do it.", model=LOCAL)
    assert (await runs.ended(task_id))["result"] == "Done."
    assert "It was cut off at" in server.bodies[1]["messages"][-1]["content"]


def test_repeated_text_between_pieces_is_dropped() -> None:
    assert (
        continuations.joined(["The tide comes in twice", "comes in twice a day."]) == "The tide comes in twice a day."
    )
    assert continuations.joined(["ha ha", " ha ha"]) == "ha ha ha ha"


@pytest.mark.parametrize("usage", [USAGE, None])
async def test_a_bill_marks_estimates(runs: Runs, server: Scripted, usage: dict[str, int] | None) -> None:
    server.answers(answering("One.", "stop", usage))
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("one")])
    await runs.ended(task_id)
    async with runs.database.begin() as session:
        cost = await cost_of(session, runs.caller, task_id)
        listed, _ = await task_views.page(session, runs.caller, str, only=task_views.TaskFilter(), limit=100)
    sums: tuple[CostSum, ...] = (*cost.by_model, *cost.by_agent, *cost.by_subtask)
    assert {cost.estimated, *(each.estimated for each in sums)} == {usage is None}
    assert [each.estimated for each in listed if each.id == task_id] == [usage is None]
