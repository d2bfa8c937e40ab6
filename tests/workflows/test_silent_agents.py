"""Agents that reach a limit and don't answer, because they keep calling tools that they may no longer call."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.providers.base import ToolRequest
from chimera.store import agents, retries
from models.agents import AgentLimits, AgentSpec
from models.tasks import SubtaskMode, TaskRetry
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.base import ModelAnswer
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script
from tests.wires.vendors import WIRES

MODES = [SubtaskMode.INLINE]
[WIRE] = [wire for wire in WIRES if wire.name == "local"]
CALLS = Script(WIRE.frames_of(ModelAnswer(calls=(ToolRequest("c1", "calculator", '{"expression": "1 + 1"}'),))))
DONE = Script(WIRE.frames_of(ModelAnswer(pieces=("Done.",))))


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as scripted:
        yield scripted


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted, mode: SubtaskMode) -> AsyncIterator[Runs]:
    changes = {"local_base_url": f"{server.url}/v1", "local_api_key": SecretStr("k"), "graceful_shutdown_s": 1.0}
    async with runs_with_worker(settings.model_copy(update=changes)) as started:
        started.mode = mode
        yield started


async def test_a_retry_asks_a_silent_agent_again(runs: Runs, server: Scripted) -> None:
    spec = AgentSpec(name="silent", prompt="You count.", tools=("calculator",), limits=AgentLimits(max_turns=2))
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec)
    server.answers(CALLS)
    task_id = await runs.start("Count.", model="local/m", plan=[a_subtask("only", agent="silent")])
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"], len(server.bodies)) == ("failed", "agent_limit_reached", 2)
    assert "'silent' reached one of its limits without an answer" in row["error"]
    server.answers(CALLS)
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"], len(server.bodies)) == ("failed", "agent_limit_reached", 1)
    server.answers(DONE)
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    assert (row["status"], row["result"], len(server.bodies)) == ("completed", "Done.", 1)
