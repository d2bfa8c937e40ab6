"""Tool calls: with the answer that asks for them where nothing but their arguments is needed, else as activities."""

from collections import Counter

import pytest
from temporalio.api.enums.v1 import EventType

from chimera.tools import TOOLS
from chimera.tools.calculator import Calculator, CalculatorArguments
from models.ids import NodePath, TaskId, workflow_id_of
from tests.runs import Runs, a_subtask


class Remote(Calculator):
    """The calculator as a tool that has to go somewhere."""

    kind = "idempotent"


class Breaks(Calculator):
    """The calculator with a mistake of ours in it, which shows once."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, args: CalculatorArguments) -> str:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("a mistake of ours")
        return await super().run(args)


async def computed(runs: Runs, instruction: str = "What is 17 * 23?") -> TaskId:
    task_id = await runs.start("Compute", plan=[a_subtask("sum", instruction, agent="analyst")])
    assert (await runs.ended(task_id))["status"] == "completed"
    return task_id


async def history_of(runs: Runs, task_id: TaskId) -> Counter[str]:
    """The events of the subtask's history, and its activities by type."""
    client = await runs.temporal.client()
    handle = client.get_workflow_handle(workflow_id_of(task_id, NodePath("sum")))
    found: Counter[str] = Counter()
    async for event in handle.fetch_history_events():
        found[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
        if event.HasField("activity_task_scheduled_event_attributes"):
            found[event.activity_task_scheduled_event_attributes.activity_type.name] += 1
    return found


async def said(runs: Runs, task_id: TaskId) -> list[str]:
    query = "SELECT content FROM messages WHERE task_id = :id AND path = 'sum' AND role = 'tool' ORDER BY seq"
    return [row["content"] for row in await runs.rows(query, task_id)]


async def test_a_pure_tool_costs_no_event_of_history(runs: Runs) -> None:
    task_id = await computed(runs)
    history = await history_of(runs, task_id)
    assert (history["complete_model_call"], history["run_tool_call"], history["MARKER_RECORDED"]) == (2, 0, 0)
    assert await said(runs, task_id) == ["391"]


async def test_a_pure_tool_is_on_record_like_any_other(runs: Runs) -> None:
    task_id = await computed(runs)
    ledger = await runs.rows("SELECT step, index, tool, status, failed FROM tool_calls WHERE task_id = :id", task_id)
    assert [dict(row) for row in ledger] == [
        {"step": 1, "index": 0, "tool": "calculator", "status": "finished", "failed": False}
    ]
    types = [event.type for event in await runs.events(task_id) if event.path == "sum"]
    assert types.index("model_call.finished") + 1 == types.index("tool_call.finished")


async def test_what_there_is_no_tool_for_is_told_at_once(runs: Runs) -> None:
    task_id = await computed(runs, "[[sim: tool=telephone]] Call somebody")
    assert (await history_of(runs, task_id))["run_tool_call"] == 0
    (told,) = await said(runs, task_id)
    assert "There is no tool 'telephone'" in told


async def test_a_tool_that_is_not_pure_has_an_activity_of_its_own(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOOLS, "calculator", Remote())
    task_id = await computed(runs)
    assert (await history_of(runs, task_id))["run_tool_call"] == 1
    assert await said(runs, task_id) == ["391"]


async def test_a_pure_tool_that_breaks_loses_no_paid_answer(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOOLS, "calculator", Breaks())
    task_id = await computed(runs)
    assert (await history_of(runs, task_id))["run_tool_call"] == 1
    assert await said(runs, task_id) == ["391"]
    assert [row["status"] for row in await runs.attempts(task_id)] == ["finished", "finished"]
