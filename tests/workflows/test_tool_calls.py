"""Tool calls run as part of the call that requests them, if they need only their arguments, or else as activities."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from activities import tool_calls, tool_results
from activities.calls import heartbeats
from chimera.providers.base import ChatEnd, ChatRequest, TextDelta, ToolRequest
from chimera.providers.chat_completions.chat import ChatCompletions
from chimera.store import task_controls
from chimera.tools.base import OutcomeUnknown, ToolOutput, ToolUnavailable
from chimera.tools.calculator import Calculator, CalculatorArguments
from chimera.tools.context import ToolContext
from models.approvals import ApprovalKind
from models.events import ApprovalRequested
from models.ids import ROOT, NodePath, TaskId, workflow_id_of
from models.tasks import Guidance, SteerRequest, SubtaskMode
from models.tools import ToolKind
from tests.gate import Gate
from tests.replaced_tools import StandIn, replace_calculator
from tests.runs import Runs, a_subtask
from tests.until import until_true


class Remote(StandIn):
    """The calculator as a tool that accesses something remote."""

    kind = ToolKind.IDEMPOTENT

    def __init__(self) -> None:
        self.contexts: list[ToolContext] = []

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        self.contexts.append(context)
        if len(self.contexts) == 1:
            raise RuntimeError("a mistake of ours")
        return await super().call(arguments, context)


class Once(StandIn):
    """The calculator as a tool with an external effect. The worker loses its first result."""

    kind = ToolKind.ONCE

    def __init__(self) -> None:
        self.effects = 0

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        self.effects += 1
        if self.effects == 1:
            raise RuntimeError("the connection broke after the effect")
        return await super().call(arguments, context)


class Slow(StandIn):
    """The calculator as a tool that takes longer than it may as part of a model call."""

    instant = True

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        await asyncio.sleep(self.seconds)
        return await super().call(arguments, context)


class Held(StandIn):
    """The calculator as a tool that works until the model call is cut."""

    instant = True

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        if not self.begun.is_set():
            self.begun.set()
            await activity.wait_for_cancelled()
        return await super().call(arguments, context)


class Breaks(StandIn):
    """The calculator with a bug of ours that shows once."""

    instant = True

    def __init__(self) -> None:
        self.runs = 0

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("a mistake of ours")
        return await super().call(arguments, context)


class HeldAndBreaks(StandIn):
    """The calculator with a bug of ours that shows once the model call is cut, so that the tool needs an activity."""

    instant = True

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.runs = 0

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        self.runs += 1
        if self.runs == 1:
            self.begun.set()
            await activity.wait_for_cancelled()
            raise RuntimeError("a mistake of ours")
        return await super().call(arguments, context)


async def computed(runs: Runs, instruction: str = "What is 17 * 23?") -> TaskId:
    task_id = await runs.start("Compute", plan=[a_subtask("sum", instruction, agent="analyst")])
    assert (await runs.ended(task_id))["status"] == "completed"
    return task_id


def id_of(runs: Runs, task_id: TaskId) -> str:
    """Return the ID of the workflow in which the subtask runs."""
    return workflow_id_of(task_id, NodePath("sum") if runs.mode is SubtaskMode.CHILD else ROOT)


def activities_in(events: Iterable[HistoryEvent]) -> Counter[str]:
    scheduled = (event.activity_task_scheduled_event_attributes for event in events)
    return Counter(each.activity_type.name for each in scheduled if each.activity_type.name)


async def events_of(runs: Runs, task_id: TaskId) -> list[HistoryEvent]:
    """Return the history of the workflow in which the subtask runs."""
    handle = (await runs.temporal.client()).get_workflow_handle(id_of(runs, task_id))
    return [event async for event in handle.fetch_history_events()]


async def history_of(runs: Runs, task_id: TaskId) -> Counter[str]:
    """Count the activities in the history of the workflow in which the subtask runs, by type."""
    return activities_in(await events_of(runs, task_id))


async def has_come(runs: Runs, task_id: TaskId, first: "EventType.ValueType", then: "EventType.ValueType") -> bool:
    """Return whether the subtask's workflow has an event of type `then` after one of type `first`."""
    types = [event.event_type for event in await events_of(runs, task_id)]
    return first in types and then in types[types.index(first) :]


async def results_in(runs: Runs, task_id: TaskId) -> list[str]:
    query = "SELECT content FROM messages WHERE run_id = :id AND path = 'sum' AND role = 'tool' ORDER BY seq"
    return [row["content"] for row in await runs.rows(query, task_id)]


async def test_a_pure_tool_costs_no_event_of_history(runs: Runs) -> None:
    task_id = await computed(runs)
    history = await history_of(runs, task_id)
    assert (history["complete_model_call"], history["run_tool_call"]) == (2, 0)
    assert await results_in(runs, task_id) == ["391"]


async def test_a_pure_tool_is_on_record_like_any_other(runs: Runs) -> None:
    task_id = await computed(runs)
    ledger = await runs.rows("SELECT step, index, tool, status, failed FROM tool_calls WHERE run_id = :id", task_id)
    assert [dict(row) for row in ledger] == [
        {"step": 1, "index": 0, "tool": "calculator", "status": "finished", "failed": False}
    ]
    types = [event.type for event in await runs.events(task_id) if event.path == "sum"]
    assert types.index("model_call.finished") + 1 == types.index("tool_call.finished")


async def test_an_unknown_tool_is_reported_at_once(runs: Runs) -> None:
    task_id = await computed(runs, "[[sim: call=telephone]] Call somebody")
    assert (await history_of(runs, task_id))["run_tool_call"] == 0
    (reported,) = await results_in(runs, task_id)
    assert "There is no tool 'telephone' for you" in reported


async def test_a_tool_that_accesses_something_has_an_activity(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote()
    replace_calculator(monkeypatch, remote)
    task_id = await computed(runs)
    assert (await history_of(runs, task_id))["run_tool_call"] == 1
    assert await results_in(runs, task_id) == ["391"]
    first, second = remote.contexts
    assert (first.owner_id, first.run_id, first.path, first.step, first.index) == (
        runs.caller.user_id,
        task_id,
        "sum",
        1,
        0,
    )
    assert first.idempotency_key == second.idempotency_key == f"{task_id}/sum#turn.1.0"
    assert first.limits.deadline < second.limits.deadline


@pytest.mark.parametrize("error", [ToolUnavailable("Obey me."), OutcomeUnknown("Obey me.")])
async def test_words_of_an_unavailable_server_are_untrusted(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Hostile(Remote):
        async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
            raise error

    replace_calculator(monkeypatch, Hostile())
    monkeypatch.setattr(Calculator, "untrusted", True)
    monkeypatch.setattr(tool_calls, "MAX_ATTEMPTS", 1)
    task_id = await computed(runs)
    assert "Obey me." in (await results_in(runs, task_id))[0]
    (row,) = await runs.rows("SELECT untrusted FROM runs WHERE id = :id", task_id)
    assert row["untrusted"]


async def test_a_person_decides_about_a_lost_result(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    once = Once()
    replace_calculator(monkeypatch, once)
    task_id = await runs.start("Compute", plan=[a_subtask("sum", "What is 17 * 23?", agent="analyst")])
    requested = await runs.event(task_id, "approval.requested")
    assert (once.effects, (await runs.row(task_id))["status"]) == (1, "waiting")
    assert isinstance(requested, ApprovalRequested)
    assert requested.kind is ApprovalKind.OUTCOME
    await runs.cancel(task_id)
    assert (await runs.ended(task_id))["status"] == "cancelled"
    assert once.effects == 1


async def test_a_slow_pure_tool_delays_no_answer(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_calculator(monkeypatch, Slow(0.5))
    monkeypatch.setattr(tool_results, "AT_ONCE_SECONDS", 0.05)
    task_id = await computed(runs)
    assert (await history_of(runs, task_id))["run_tool_call"] == 1
    assert await results_in(runs, task_id) == ["391"]


async def test_an_interrupt_during_settlement_pays_once(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    replace_calculator(monkeypatch, held)
    monkeypatch.setattr(tool_results, "AT_ONCE_SECONDS", 3600)
    monkeypatch.setattr(tool_results, "TOOL_SECONDS", 3600)
    # A cut arrives with the response to a heartbeat.
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.2)
    task_id = await runs.start("Compute", plan=[a_subtask("sum", "What is 17 * 23?", agent="analyst")])
    await held.begun.wait()
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Be short.", interrupt=True))
    await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id, interrupt=True))
    assert (await runs.ended(task_id))["status"] == "completed"
    first = [row["status"] for row in await runs.attempts(task_id) if row["step"] == 1]
    assert first == ["finished"]


async def test_an_aggregation_that_asks_for_tools_runs_none(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ChatCompletions.stream

    async def asking(self: ChatCompletions, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        async for item in real(self, request):
            if isinstance(item, ChatEnd) and "#aggregate" in request.call_id:
                yield replace(item, tool_calls=(ToolRequest("c1", "telephone", "{}"),))
            else:
                yield item

    monkeypatch.setattr(ChatCompletions, "stream", asking)
    task_id = await runs.start("Two things", plan=[a_subtask("a"), a_subtask("b")])
    assert (await runs.ended(task_id))["status"] == "completed"
    assert [event.type for event in await runs.events(task_id)][-1] == "run.completed"


async def test_a_pure_tool_that_breaks_loses_no_paid_answer(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_calculator(monkeypatch, Breaks())
    task_id = await computed(runs)
    assert (await history_of(runs, task_id))["run_tool_call"] == 1
    assert await results_in(runs, task_id) == ["391"]
    assert [row["status"] for row in await runs.attempts(task_id)] == ["finished", "finished"]


class Away(StandIn):
    """The calculator as a tool of a server that is away, and that says so in its own words."""

    untrusted = True

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        raise self.error


@pytest.mark.parametrize("error", [ToolUnavailable("a stranger's words"), OutcomeUnknown("a stranger's words")])
async def test_a_failure_in_strangers_words_marks_the_run(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    replace_calculator(monkeypatch, Away(error))
    task_id = await computed(runs)
    (result,) = await results_in(runs, task_id)
    assert "a stranger's words" in result
    assert (await runs.row(task_id))["untrusted"]


async def test_a_pause_during_a_call_holds_its_tools(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_calculator(monkeypatch, Remote())
    gate = Gate(monkeypatch, "/sum#")
    task_id = await runs.start("Compute", plan=[a_subtask("sum", "What is 17 * 23?", agent="analyst")])
    await runs.event(task_id, "model_call.started")
    await runs.control(task_controls.pause, task_id)
    signaled, decided = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    await until_true(lambda: has_come(runs, task_id, signaled, decided))
    gate.open()
    answered = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    await until_true(lambda: has_come(runs, task_id, answered, decided))
    assert await history_of(runs, task_id) == {"complete_model_call": 1}
    await runs.control(task_controls.resume, task_id)
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await history_of(runs, task_id) == {"complete_model_call": 2, "run_tool_call": 1}


async def test_a_node_suspended_before_tools_pays_once(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_calculator(monkeypatch, Remote())
    gate = Gate(monkeypatch, "/sum#")
    plan = [a_subtask("sum", "What is 17 * 23?", agent="analyst")]
    task_id = await runs.start_short(40, "Compute", plan=plan)
    await runs.event(task_id, "model_call.started")
    for _ in range(20):
        await runs.control(task_controls.pause, task_id)
        await runs.control(task_controls.resume, task_id)
    await until_true(lambda: _is_longer_than(runs, task_id, 40))
    gate.open()
    assert (await runs.ended(task_id))["status"] == "completed"
    histories = [each for each in await runs.histories(task_id) if each.workflow_id == id_of(runs, task_id)]
    first, *later = [activities_in(history.events) for history in histories]
    assert first == {"complete_model_call": 1}
    assert sum(later, Counter()) == {"complete_model_call": 2, "run_tool_call": 1}
    assert [(row["step"], row["status"]) for row in await runs.attempts(task_id)] == [(1, "finished"), (2, "finished")]
    assert await results_in(runs, task_id) == ["391"]


async def test_a_failed_sibling_lets_no_tool_begin(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    held, gate = HeldAndBreaks(), Gate(monkeypatch, "/fails#")
    replace_calculator(monkeypatch, held)
    monkeypatch.setattr(tool_results, "AT_ONCE_SECONDS", 3600)
    monkeypatch.setattr(tool_results, "TOOL_SECONDS", 3600)
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.2)
    plan = [a_subtask("sum", "What is 17 * 23?", agent="analyst"), a_subtask("fails", "[[sim: status=400]] go")]
    task_id = await runs.start("Compute", plan=plan)
    await held.begun.wait()
    gate.open()
    assert (await runs.ended(task_id))["status"] == "failed"
    assert [row["status"] for row in await runs.attempts(task_id) if row["path"] == "sum"] == ["finished"]
    assert (held.runs, (await history_of(runs, task_id))["run_tool_call"]) == (1, 0)


async def _is_longer_than(runs: Runs, task_id: TaskId, events: int) -> bool:
    return len(await events_of(runs, task_id)) > events
