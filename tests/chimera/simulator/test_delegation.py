"""Delegation and plans that grow: each level's text carries what the next one needs, and no more."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chimera.simulator.script import read_script
from models.plans import Plan
from tests.chimera.simulated import Running, answer_of, ask, running_simulator
from tests.chimera.simulator.conversing import a_tool

DELEGATE = a_tool("delegate", agent={"type": "string"}, instruction={"type": "string"})
SEARCH = a_tool("search", query={"type": "string"})


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


async def delegated(simulator: Running, instruction: str) -> list[dict[str, Any]]:
    """Return the arguments of the delegations that an instruction causes."""
    reply = await answer_of(simulator.provider, ask(f"Task:\n{instruction}", tools=(DELEGATE, SEARCH)))
    return [json.loads(call.arguments) for call in reply.end.tool_calls if call.name == "delegate"]


async def test_work_is_delegated(simulator: Running) -> None:
    prompt = 'Tea [[sim: delegate=analyst; instruction="Compare teas"; sub={tokens=5; say={"a"; b}}]]'
    wanted = {"agent": "analyst", "instruction": 'Compare teas [[sim: tokens=5; say={"a"; b}]]'}
    assert await delegated(simulator, prompt) == [wanted]


async def test_several_agents_are_delegated_to(simulator: Running) -> None:
    calls = await delegated(simulator, "Tea [[sim: delegate=analyst, writer; delegate=critic]]")
    assert [call["agent"] for call in calls] == ["analyst", "writer", "critic"]
    assert calls[0]["instruction"] == "Look into Tea."


async def test_a_tree_grows_level_by_level(simulator: Running) -> None:
    level = ["Tea [[sim: delegate=analyst; grow=3; width=2; sub={tokens=5}]]"]
    sizes = []
    while level:
        calls = [call for instruction in level for call in await delegated(simulator, instruction)]
        level = [call["instruction"] for call in calls]
        sizes.append(len(level))
        assert all(len(instruction) < 150 for instruction in level)
        assert all(read_script([instruction], "turn").tokens == 5 for instruction in level)
    assert sizes == [2, 4, 8, 0]


async def test_a_tree_may_grow_forever(simulator: Running) -> None:
    instruction = 'Tea [[sim: delegate=analyst; instruction="More"; grow=forever]]'
    seen = []
    for _ in range(10):
        (call,) = await delegated(simulator, instruction)
        instruction = call["instruction"]
        seen.append(instruction)
    assert len(set(seen)) == 1
    assert len(seen[0]) < 150


async def test_an_unwritable_instruction_is_not_repeated(simulator: Running) -> None:
    (call,) = await delegated(simulator, 'Tea [[sim: delegate=analyst; instruction="a } b"; grow=2]]')
    (deeper,) = await delegated(simulator, call["instruction"])
    assert deeper["instruction"] == "Look into a } b."


async def test_delegated_agents_use_tools(simulator: Running) -> None:
    prompt = 'Tea [[sim: delegate=analyst; sub={call=search; args={"query": "a; b, [[c]]"}}]]'
    (call,) = await delegated(simulator, prompt)
    reply = await answer_of(simulator.provider, ask(f"Task:\n{call['instruction']}", tools=(SEARCH,)))
    assert json.loads(reply.end.tool_calls[0].arguments) == {"query": "a; b, [[c]]"}


async def test_planned_subtasks_use_tools(simulator: Running) -> None:
    plan = await planned(
        simulator, 'Tea [[sim plan: split=2; nest=2; sub={call=search; args={"query": "a"}; then; ask=b}]]'
    )
    for subtask in plan.subtasks:
        steps = read_script([subtask.instruction], "turn").steps
        assert [[call.tool for call in step] for step in steps] == [["search"], ["ask_person"]]
    deeper = await planned(simulator, plan.subtasks[0].instruction)
    assert all(read_script([subtask.instruction], "turn").steps for subtask in deeper.subtasks)
    assert [subtask.decompose for subtask in deeper.subtasks] == [True, False]


async def test_a_plan_may_split_forever(simulator: Running) -> None:
    goal = "Tea [[sim plan: split=1; nest=forever]]"
    for _ in range(6):
        (subtask,) = (await planned(simulator, goal)).subtasks
        assert subtask.decompose
        goal = subtask.instruction
    assert goal.endswith("[[sim plan: split=1; nest=forever]]")


async def test_sub_without_a_delegation_is_noted(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("Task:\nTea [[sim: sub={tokens=5}]]"))
    assert "'sub' had no effect" in reply.text


async def planned(simulator: Running, goal: str) -> Plan:
    request = ask(f"Goal:\n{goal}\n\nAgents:\n- analyst: Thinks.", response_schema=Plan.model_json_schema())
    return Plan.model_validate_json((await answer_of(simulator.provider, request)).text)
