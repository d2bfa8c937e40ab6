"""Agents delegate work while they run: a subtask below their own, whose answer is the result of the tool call."""

import json
from collections.abc import AsyncGenerator, Sequence

import pytest

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta
from chimera.providers.chat_completions.chat import ChatCompletions
from chimera.store import agents, policies, retries
from chimera.tools.base import ToolOutput
from chimera.tools.calculator import CalculatorArguments
from chimera.tools.context import ToolContext
from models.agents import AgentSpec
from models.errors import Conflict, WrongKey
from models.events import SubtaskDelegated
from models.ids import TaskId
from models.plans import MAX_DEPTH
from models.policies import Policy
from models.tasks import TaskRetry
from tests.replaced_tools import StandIn, replace_calculator, requested_calls
from tests.runs import Runs, a_subtask

Call = tuple[str, str]


class Refusing(StandIn):
    """The calculator as a tool that makes its subtask fail."""

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        raise Conflict("no")


@pytest.fixture(scope="module", autouse=True)
async def lead(runs: Runs) -> AgentSpec:
    """Create an agent that may delegate and compute, and one that may only delegate."""
    spec = AgentSpec(name="lead", prompt="Lead.", tools=("delegate", "calculator"))
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec)
        await agents.create(session, runs.caller.user_id, AgentSpec(name="boss", prompt="Lead.", tools=("delegate",)))
    return spec


def delegated(instruction: str = "Work. [[sim: tokens=5]]", agent: str = "lead") -> Call:
    return ("delegate", json.dumps({"agent": agent, "instruction": instruction, "title": "Some work"}))


async def started(runs: Runs, agent: str = "lead") -> TaskId:
    return await runs.start("Lead", plan=[a_subtask("top", "[[sim: tokens=5]] Lead.", agent=agent)])


async def results_in(runs: Runs, task_id: TaskId, path: str = "top") -> Sequence[str]:
    query = "SELECT content FROM messages WHERE run_id = :id AND path = :path AND role = 'tool' ORDER BY seq"
    return [row["content"] for row in await runs.rows(query, task_id, path=path)]


async def subtasks_of(runs: Runs, task_id: TaskId) -> dict[str, str]:
    query = "SELECT path, status FROM subtasks WHERE run_id = :id ORDER BY path"
    return {row["path"]: row["status"] for row in await runs.rows(query, task_id)}


async def test_the_answer_is_the_calls_result(runs: Runs) -> None:
    with requested_calls({"/top#turn.1": [delegated()]}):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert await subtasks_of(runs, task_id) == {"top": "completed", "top/1-0": "completed"}
    (answer,) = await results_in(runs, task_id)
    assert answer.startswith("[simulated]")
    event = await runs.event(task_id, "subtask.delegated")
    assert isinstance(event, SubtaskDelegated)
    assert (event.path, event.agent, event.title) == ("top/1-0", "lead", "Some work")


async def test_two_delegated_subtasks_run_at_once(runs: Runs) -> None:
    with requested_calls({"/top#turn.1": [delegated(), delegated()]}):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert set(await subtasks_of(runs, task_id)) == {"top", "top/1-0", "top/1-1"}
    assert (await runs.row(task_id))["subtasks_total"] == 3


async def test_an_agent_hears_of_a_failure(runs: Runs) -> None:
    with requested_calls({"/top#turn.1": [delegated("[[sim: status=400]] fail")]}):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert await subtasks_of(runs, task_id) == {"top": "completed", "top/1-0": "failed"}
    (told,) = await results_in(runs, task_id)
    assert "did not finish the work" in told


async def test_an_unknown_agent_is_refused_with_advice(runs: Runs) -> None:
    with requested_calls({"/top#turn.1": [delegated(agent="analist")]}):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert "Did you mean 'analyst'?" in (await results_in(runs, task_id))[0]


async def test_a_tree_grows_to_its_depth_limit(runs: Runs) -> None:
    paths = ["top", "top/1-0", "top/1-0/1-0", "top/1-0/1-0/1-0"]
    with requested_calls({f"{path}#turn.1": [delegated()] for path in paths}):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert list(await subtasks_of(runs, task_id)) == paths[:MAX_DEPTH]
    assert "4 levels of subtasks, which is the limit" in (await results_in(runs, task_id, paths[-1]))[0]


async def test_a_child_has_no_tool_its_parent_lacks(runs: Runs) -> None:
    calls = {
        "/top#turn.1": [delegated(agent="analyst")],
        "/top/1-0#turn.1": [("calculator", '{"expression": "1 + 1"}')],
    }
    with requested_calls(calls):
        task_id = await started(runs, agent="boss")
        assert (await runs.ended(task_id))["status"] == "completed"
    assert "There is no tool 'calculator' for you" in (await results_in(runs, task_id, "top/1-0"))[0]


async def test_a_failed_subtask_ends_what_it_delegated(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_calculator(monkeypatch, Refusing())
    calls = {
        "/top#turn.1": [delegated()],
        "/top/1-0#turn.1": [delegated("[[sim: hang=1]] wait"), ("calculator", '{"expression": "1 + 1"}')],
    }
    with requested_calls(calls):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert await subtasks_of(runs, task_id) == {"top": "completed", "top/1-0": "failed", "top/1-0/1-0": "cancelled"}


async def test_a_retry_repeats_no_delegated_work_that_was_heard_of(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ChatCompletions.stream
    failures = iter([WrongKey("It is wrong.")])

    async def failing_once(self: ChatCompletions, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        if request.call_id.endswith("/top#turn.2") and (failure := next(failures, None)) is not None:
            raise failure
        async for item in real(self, request):
            yield item

    monkeypatch.setattr(ChatCompletions, "stream", failing_once)
    with requested_calls({"/top#turn.1": [delegated("[[sim: status=400]] fail")]}):
        task_id = await started(runs)
        assert (await runs.ended(task_id))["status"] == "failed"
        await runs.control(retries.retry, task_id, TaskRetry())
        assert (await runs.ended(task_id))["status"] == "completed"
    assert await subtasks_of(runs, task_id) == {"top": "completed", "top/1-0": "failed"}


async def test_an_answer_is_kept_although_delegation_was_forbidden(runs: Runs) -> None:
    rule = {"tool": "delegate", "agent": "lead", "verdict": "deny"}
    try:
        with requested_calls({"/top#turn.1": [delegated("[[sim: delay=3; tokens=5]] Work.")]}):
            task_id = await started(runs)
            await runs.event(task_id, "subtask.delegated")
            async with runs.database.begin() as session:
                await policies.replace(session, runs.caller.user_id, Policy.model_validate({"rules": [rule]}))
            assert (await runs.ended(task_id))["status"] == "completed"
    finally:
        async with runs.database.begin() as session:
            await policies.replace(session, runs.caller.user_id, Policy())
    (answer,) = await results_in(runs, task_id)
    assert answer.startswith("[simulated]")


async def test_a_cancel_reaches_delegated_subtasks(runs: Runs) -> None:
    with requested_calls({"/top#turn.1": [delegated("[[sim: hang=1]] wait")]}):
        task_id = await started(runs)
        await runs.event(task_id, "subtask.delegated")
        await runs.cancel(task_id)
        assert (await runs.ended(task_id))["status"] == "cancelled"
    assert set((await subtasks_of(runs, task_id)).values()) == {"cancelled"}
