"""Limits of agents: the last turn gives a partial result, the maximum cost fails the subtask, and a retry continues."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import RowMapping

from chimera.store import agents, retries
from models.agents import AgentSpec
from models.ids import TaskId
from models.tasks import TaskRetry
from tests.runs import Runs, a_subtask

FOREVER = "Count. [[sim: turns=forever]]"
SAME = "Count. [[sim: turns=forever; same=1]]"


async def an_agent(runs: Runs, name: str, limits: dict[str, int], **fields: Any) -> str:
    """Create an agent with the calculator; return its name, which is unique for the place where subtasks run."""
    spec = AgentSpec.model_validate(
        {"name": f"{name}-{runs.mode}", "prompt": "You count.", "tools": ["calculator"], "limits": limits, **fields}
    )
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec)
    return spec.name


async def change_limits(runs: Runs, name: str, limits: dict[str, int]) -> None:
    async with runs.database.begin() as session:
        await agents.lock(session, runs.caller.user_id)
        agent = await agents.own(session, runs.caller.user_id, name)
        spec = AgentSpec.model_validate({**agent.spec.model_dump(), "limits": limits})
        await agents.change(session, agent, spec)


async def run(runs: Runs, agent: str, instruction: str = FOREVER, **fields: Any) -> tuple[TaskId, RowMapping]:
    """Run a task with one subtask; return its ID and its row."""
    task_id = await runs.start("Count.", plan=[a_subtask("only", instruction, agent=agent)], **fields)
    return task_id, await runs.ended(task_id)


async def turns_of(runs: Runs, task_id: TaskId) -> int:
    (row,) = await runs.rows("SELECT turns FROM subtasks WHERE run_id = :id", task_id)
    return int(row["turns"])


async def notices_of(runs: Runs, task_id: TaskId) -> Sequence[str]:
    query = (
        "SELECT content FROM messages WHERE run_id = :id AND role = 'user' AND content LIKE 'This is your last turn%'"
    )
    return [row["content"] for row in await runs.rows(query, task_id)]


@pytest.mark.parametrize(
    ("limits", "turns", "why"),
    [
        ({"max_turns": 4}, 4, "at most 4"),
        ({"max_tool_calls": 5}, 6, "at most 5 tool calls"),
        ({"max_tool_calls": 1, "max_turns": 9}, 2, "at most 1 tool calls"),
    ],
    ids=["turns", "tool calls", "the lower one"],
)
async def test_a_limit_makes_the_next_turn_last(runs: Runs, limits: dict[str, int], turns: int, why: str) -> None:
    agent = await an_agent(runs, f"counter{turns}", limits)
    task_id, row = await run(runs, agent)
    assert (row["status"], row["error"]) == ("completed", None)
    assert row["result"]
    assert await turns_of(runs, task_id) == turns
    (notice,) = await notices_of(runs, task_id)
    assert why in notice


async def test_time_is_measured_by_the_database(runs: Runs) -> None:
    agent = await an_agent(runs, "slow", {"max_seconds": 1})
    task_id, row = await run(runs, agent, "Count. [[sim: turns=forever; delay=0.4]]")
    assert row["status"] == "completed"
    assert 2 <= await turns_of(runs, task_id) <= 5
    (notice,) = await notices_of(runs, task_id)
    assert "at most 1 seconds" in notice


async def test_identical_calls_end_a_built_in_agent(runs: Runs) -> None:
    task_id, row = await run(runs, "analyst", SAME)
    assert (row["status"], await turns_of(runs, task_id)) == ("completed", 4)
    (notice,) = await notices_of(runs, task_id)
    assert "the same tool calls 3 times" in notice


async def test_an_agent_may_allow_more_identical_calls(runs: Runs) -> None:
    agent = await an_agent(runs, "patient", {"max_identical_calls": 5})
    task_id, row = await run(runs, agent, SAME)
    assert (row["status"], await turns_of(runs, task_id)) == ("completed", 6)


async def test_different_calls_are_not_identical(runs: Runs) -> None:
    task_id, row = await run(runs, "analyst", limits={"max_turns": 8})
    assert (row["status"], await turns_of(runs, task_id)) == ("completed", 8)
    assert not await notices_of(runs, task_id)


@pytest.mark.parametrize(
    "call",
    ['call=nothing; args={"turn": "$turn"}', 'call=calculator; args={"wrong": "$turn"}'],
    ids=["name", "arguments"],
)
async def test_mistaken_calls_end_an_agent(runs: Runs, call: str) -> None:
    task_id, row = await run(runs, "analyst", f"Count. [[sim: {call}; turns=forever]]")
    assert (row["status"], await turns_of(runs, task_id)) == ("completed", 4)
    (notice,) = await notices_of(runs, task_id)
    assert "invalid 3 times in a row" in notice


async def test_a_call_that_may_cost_too_much_fails(runs: Runs) -> None:
    agent = await an_agent(runs, "costly", {"max_cost_micro_usd": 1})
    task_id, row = await run(runs, agent, model="simulator/fast")
    assert (row["status"], row["error_code"]) == ("failed", "agent_limit_reached")
    assert "limits.max_cost_micro_usd" in row["error"]
    assert (row["spent_micro_usd"], row["reserved_micro_usd"], await runs.attempts(task_id)) == (0, 0, [])
    await change_limits(runs, agent, {"max_cost_micro_usd": 10**9, "max_turns": 2})
    await runs.control(retries.retry, task_id, TaskRetry())
    row = await runs.ended(task_id)
    assert (row["status"], await turns_of(runs, task_id)) == ("completed", 2)


async def test_spending_counts_toward_the_limit(runs: Runs) -> None:
    agent = await an_agent(runs, "thrifty", {"max_cost_micro_usd": 10**9})
    task_id, _ = await run(runs, agent, "Count. [[sim: turns=1]]")
    first, second = [attempt["reserved_micro_usd"] for attempt in await runs.attempts(task_id)]
    await change_limits(runs, agent, {"max_cost_micro_usd": max(first, second)})
    task_id, row = await run(runs, agent, "Count. [[sim: turns=1]]")
    assert (row["status"], row["error_code"]) == ("failed", "agent_limit_reached")
    assert len(await runs.attempts(task_id)) == 1


async def test_a_parent_gets_the_partial_result(runs: Runs) -> None:
    agent = await an_agent(runs, "partial", {"max_turns": 2})
    plan = [a_subtask("one", FOREVER, agent=agent), a_subtask("two", depends_on=["one"])]
    task_id = await runs.start("Count.", plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    rows = await runs.rows("SELECT key, status, result FROM subtasks WHERE run_id = :id ORDER BY key", task_id)
    assert [(row["key"], row["status"]) for row in rows] == [("one", "completed"), ("two", "completed")]
