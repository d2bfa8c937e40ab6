"""Tasks whose agents change while they run: a task keeps the versions that it began with."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chimera.config.settings import Settings
from chimera.ledger import agents as activity
from chimera.store import agents, costs, messages, retries, task_controls, timelines
from models.agents import AgentSpec, AgentView
from models.ids import TaskId
from models.tasks import SubtaskMode, TaskRetry
from tests.gate import Gate
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.base import ModelAnswer
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script, plain
from tests.wires.vendors import WIRES

MODES = [SubtaskMode.INLINE]
[WIRE] = [wire for wire in WIRES if wire.name == "local"]
DONE = Script(WIRE.frames_of(ModelAnswer(pieces=("Done.",))))
REFUSED = plain(400, {"error": {"message": "This request is not possible"}})
OLD, NEW = "You write verse.", "You write prose."
PLAN = [a_subtask("first", agent="poet"), a_subtask("second", agent="poet", depends_on=["first"])]


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted, mode: SubtaskMode) -> AsyncIterator[Runs]:
    changes = {"local_base_url": f"{server.url}/v1", "local_api_key": WIRE.settings["local_api_key"]}
    merged = {**settings.model_dump(), **changes, "graceful_shutdown_s": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        async with runs_with_worker(Settings.model_validate(merged)) as started:
            started.mode = mode
            yield started


@pytest.fixture(autouse=True)
async def poet(runs: Runs, server: Scripted) -> AsyncIterator[None]:
    """Create the agent whose first version has the old prompt, and delete it after the test."""
    server.answers(DONE)
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec(OLD))
    yield
    async with runs.database.begin() as session:
        await agents.delete(session, await agents.own(session, runs.caller.user_id, "poet"))


async def test_a_task_keeps_the_versions_it_began_with(runs: Runs, server: Scripted) -> None:
    began = await accept(runs)
    await change(runs, NEW)
    assert await prompts_of(runs, server, began) == [OLD, OLD]
    server.answers(DONE)
    after = await accept(runs)
    assert await prompts_of(runs, server, after) == [NEW, NEW]
    assert [each["agent_version"] for each in await runs.attempts(began)] == [1, 1, None]
    assert [each["agent_version"] for each in await runs.attempts(after)] == [2, 2, None]


async def test_a_retry_keeps_the_versions(runs: Runs, server: Scripted) -> None:
    server.answers(DONE, REFUSED)
    task_id = await accept(runs)
    await runs.deliver(task_id)
    assert (await runs.ended(task_id))["status"] == "failed"
    await change(runs, NEW)
    server.answers(DONE)
    await runs.control(retries.retry, task_id, TaskRetry())
    assert await prompts_of(runs, server, task_id) == [OLD]


async def test_a_draft_gets_its_versions_when_it_starts(runs: Runs, server: Scripted) -> None:
    task_id = await accept(runs, start=False)
    await change(runs, NEW)
    await runs.control(task_controls.execute, task_id)
    assert await prompts_of(runs, server, task_id) == [NEW, NEW]


async def test_planned_subtasks_of_an_inactive_agent_finish(runs: Runs, server: Scripted) -> None:
    task_id = await accept(runs)
    async with runs.database.begin() as session:
        await agents.set_active(session, await agents.own(session, runs.caller.user_id, "poet"), active=False)
    assert await prompts_of(runs, server, task_id) == [OLD, OLD]


async def test_a_planner_reads_the_versions_of_its_task(runs: Runs, server: Scripted) -> None:
    plan = json.dumps({"subtasks": [{"key": "one", "instruction": "Do it.", "agent": "poet"}]})
    server.answers(Script(WIRE.frames_of(ModelAnswer(pieces=(plan,)))), DONE)
    task_id = await accept(runs, plan=None)
    await change(runs, NEW, description="Writes prose.")
    assert await prompts_of(runs, server, task_id) == [OLD]
    assert "- poet: \n" in f"{server.bodies[0]['messages'][-1]['content']}\n"


async def test_a_retry_uses_an_agent_that_was_created_again(runs: Runs, server: Scripted) -> None:
    task_id = await accept(runs)
    async with runs.database.begin() as session:
        await agents.delete(session, await agents.own(session, runs.caller.user_id, "poet"))
    await runs.deliver(task_id)
    ended = await runs.ended(task_id)
    assert (ended["status"], ended["error_code"]) == ("failed", "unknown_agent")
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec(NEW))
    await change(runs, "A later prompt.")
    await runs.control(retries.retry, task_id, TaskRetry())
    assert await prompts_of(runs, server, task_id) == [NEW, NEW]


async def test_the_version_is_shown_with_the_agent(runs: Runs) -> None:
    task_id = await accept(runs)
    await runs.deliver(task_id)
    await runs.ended(task_id)
    expected = [("poet", 1), ("poet", 1), ("coordinator", None)]
    async with runs.database.begin() as session:
        bill = await costs.cost_of(session, runs.caller, task_id)
        timeline = await timelines.timeline_of(session, runs.caller, task_id)
        said, _ = await messages.page(session, runs.caller, task_id, path=None, after=None, limit=100)
    calls = [span for span in timeline.spans if span.kind == "model_call"]
    begun: list[Any] = [event for event in await runs.events(task_id) if event.type == "model_call.started"]
    replies = [message for message in said if message.role == "assistant"]
    assert [(each.agent, each.agent_version) for each in bill.attempts] == expected
    assert [(each.agent, each.agent_version) for each in calls] == expected
    assert [(each.agent, each.agent_version) for each in begun] == expected
    # The task's own answer has the empty path, which comes first.
    assert [(each.agent, each.agent_version) for each in replies] == [expected[2], *expected[:2]]


async def test_metrics_are_counted_by_version(runs: Runs, server: Scripted) -> None:
    began = datetime.now(UTC)
    await prompts_of(runs, server, await accept(runs))
    await change(runs, NEW)
    server.answers(DONE, REFUSED)
    failing = await accept(runs)
    await runs.deliver(failing)
    await runs.ended(failing)
    async with runs.database.begin() as session:
        view = await agents.one(session, runs.caller, "poet")
        metrics = await activity.metrics_of(session, runs.caller.user_id, view, began)
        later = await activity.metrics_of(session, runs.caller.user_id, view, datetime.now(UTC))
        built_in = await agents.one(session, runs.caller, "coordinator")
        others = await activity.metrics_of(session, runs.caller.user_id, built_in, began)
    counted = [(each.version, each.calls, each.attempts, sum(each.failures.values())) for each in metrics.versions]
    assert counted == [(2, 2, 2, 1), (1, 2, 2, 0)]
    first = metrics.versions[1]
    assert first.usage.output_tokens > 0
    assert first.latency_p50_ms is not None
    assert first.latency_p95_ms is not None
    assert first.latency_p50_ms <= first.latency_p95_ms
    assert later.versions == ()
    assert [(each.version, each.calls) for each in others.versions] == [(None, 1)]


async def test_an_agent_is_busy_during_its_calls(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, "/first")
    task_id = await accept(runs)
    assert await status_of(runs) == ("idle", [], 1)
    await runs.deliver(task_id)
    await runs.event(task_id, "model_call.started")
    assert await status_of(runs) == ("busy", [(task_id, "first", "turn", 1)], 1)
    gate.open()
    await runs.ended(task_id)
    assert await status_of(runs) == ("idle", [], 0)


async def status_of(runs: Runs) -> tuple[str, list[tuple[Any, ...]], int]:
    async with runs.database.begin() as session:
        view = await agents.one(session, runs.caller, "poet")
        status = await activity.status_of(session, runs.caller.user_id, view)
    calls = [(call.task_id, call.path, call.purpose, call.step) for call in status.calls]
    return status.status, calls, status.tasks_waiting


def spec(prompt: str, **fields: Any) -> AgentSpec:
    return AgentSpec(name="poet", prompt=prompt, **fields)


async def accept(runs: Runs, **fields: Any) -> TaskId:
    return await runs.accept("Report.", model="local/gemma", **{"plan": PLAN, **fields})


async def change(runs: Runs, prompt: str, **fields: Any) -> AgentView:
    async with runs.database.begin() as session:
        await agents.lock(session, runs.caller.user_id)
        found = await agents.own(session, runs.caller.user_id, "poet")
        return await agents.change(session, found, spec(prompt, **fields))


async def prompts_of(runs: Runs, server: Scripted, task_id: TaskId) -> list[str]:
    """Run a task to its end; return the system prompts of the agent's calls since the server got its answers."""
    await runs.deliver(task_id)
    assert (await runs.ended(task_id))["status"] == "completed"
    prompts = [body["messages"][0]["content"] for body in server.bodies]
    return [prompt for prompt in prompts if prompt in (OLD, NEW)]
