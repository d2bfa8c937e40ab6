"""The branches of tool calls that wait for people or delegate work; see `record.py`."""

from collections.abc import Awaitable, Callable

import pytest

from chimera.store import agents, approval_views, approvals, task_controls
from chimera.store.approval_views import ApprovalFilter
from chimera.tools.base import ToolOutput
from chimera.tools.calculator import CalculatorArguments
from chimera.tools.context import ToolContext
from models.agents import AgentSpec
from models.approvals import (
    Answer,
    ApprovalDecision,
    ApprovalKind,
    ApprovalStatus,
    ApprovalView,
    Approve,
    Happened,
    Reject,
)
from models.ids import TaskId
from models.tools import ToolKind
from tests.replaced_tools import StandIn, replace_calculator
from tests.runs import Runs, a_subtask

AGENT = "clerk"
TOOLS = ("ask_person", "http_request", "delegate", "calculator")
ASK = 'Ask. [[sim: ask="Which color?"; tokens=5]]'
REQUEST = 'Send. [[sim: call=http_request; args={"method": "GET", "url": "http://127.0.0.1:9/"}; tokens=5]]'


class Lost(StandIn):
    """The calculator as a tool whose result is lost."""

    kind = ToolKind.ONCE

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        raise RuntimeError("the connection broke after the effect")


async def started(runs: Runs, *instructions: str, events: int = 2000) -> TaskId:
    """Start a task with a subtask for each instruction, whose workflows continue as new after `events`."""
    async with runs.database.begin() as session:
        if AGENT not in await agents.agents_of(session, runs.caller.user_id):
            await agents.create(session, runs.caller.user_id, AgentSpec(name=AGENT, prompt="Work.", tools=TOOLS))
    plan = [a_subtask(f"s{n}", words, agent=AGENT) for n, words in enumerate(instructions)]
    return await runs.start_short(events, "Work", plan=plan)


async def pending(runs: Runs, task_id: TaskId, number: int = 1) -> list[ApprovalView]:
    """Wait until a task waits for this many decisions, and return them, oldest first."""
    await runs.until(task_id, lambda row: row["approvals_pending"] == number)
    async with runs.database.begin() as session:
        only = ApprovalFilter(statuses=(ApprovalStatus.PENDING,), run_id=task_id)
        found, _ = await approval_views.page(session, runs.caller, only=only, after=None, limit=100)
    return found[::-1]


async def decide(runs: Runs, approval: ApprovalView, decision: ApprovalDecision) -> None:
    async with runs.database.begin() as session:
        await approvals.decide(session, runs.caller, approval.id, decision, settings=runs.settings)
    await runs.deliver(approval.task_id)


async def answer(runs: Runs, question: ApprovalView, text: str) -> None:
    async with runs.database.begin() as session:
        await approvals.answer(session, runs.caller, question.id, Answer(answer=text))
    await runs.deliver(question.task_id)


async def answered(runs: Runs) -> TaskId:
    task_id = await started(runs, ASK, ASK)
    for question in await pending(runs, task_id, 2):
        await answer(runs, question, "red")
    return task_id


async def approved(runs: Runs) -> TaskId:
    task_id = await started(runs, REQUEST)
    await decide(runs, (await pending(runs, task_id))[0], Approve(decision="approve"))
    return task_id


async def rejected(runs: Runs) -> TaskId:
    task_id = await started(runs, REQUEST)
    await decide(runs, (await pending(runs, task_id))[0], Reject(decision="reject", reason="No."))
    return task_id


async def expired(runs: Runs) -> TaskId:
    """Nobody answers within a second."""
    return await started(runs, 'Ask. [[sim: ask="Which color?"; wait=1; tokens=5]]')


async def outcome_decided(runs: Runs) -> TaskId:
    with pytest.MonkeyPatch.context() as patch:
        replace_calculator(patch, Lost())
        task_id = await started(runs, 'Compute. [[sim: call=calculator; args={"expression": "1 + 1"}; tokens=5]]')
        (outcome,) = await pending(runs, task_id)
        assert outcome.kind is ApprovalKind.OUTCOME
        await decide(runs, outcome, Happened(decision="happened", result="2"))
        await runs.ended(task_id)
    return task_id


async def waited_across_executions(runs: Runs) -> TaskId:
    """The workflows continue as new while a tool call waits for a person."""
    task_id = await started(runs, ASK, events=20)
    await pending(runs, task_id)
    for _ in range(12):
        await runs.control(task_controls.pause, task_id)
        await runs.control(task_controls.resume, task_id)
    await answer(runs, (await pending(runs, task_id))[0], "red")
    return task_id


async def cancelled_while_waiting(runs: Runs) -> TaskId:
    task_id = await started(runs, ASK)
    await pending(runs, task_id)
    await runs.cancel(task_id)
    return task_id


async def delegated(runs: Runs) -> TaskId:
    """An agent delegates to two others, one of which delegates further."""
    words = 'Lead. [[sim: delegate=clerk; instruction="Work."; grow=2; width=2; tokens=5]]'
    return await started(runs, words)


async def delegated_and_failed(runs: Runs) -> TaskId:
    inner = "Fail. [[sim: status=400]]"
    return await started(runs, f"Lead. [[sim: delegate=clerk; instruction={{{inner}}}; tokens=5]]")


TOOL_BRANCHES: tuple[Callable[[Runs], Awaitable[TaskId]], ...] = (
    answered,
    approved,
    rejected,
    expired,
    outcome_decided,
    waited_across_executions,
    cancelled_while_waiting,
    delegated,
    delegated_and_failed,
)
