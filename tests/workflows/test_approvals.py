"""Runs that wait for people: they are decided through the store, and continue where they stopped."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from activities.tool_calls import ToolCalls
from chimera.store import agents, approval_views, approvals, policies, retries, task_controls
from chimera.store.approval_views import ApprovalFilter
from models.agents import AgentSpec
from models.approvals import Answer, ApprovalDecision, ApprovalStatus, ApprovalView, Approve, Reject
from models.ids import TaskId
from models.policies import Policy
from models.runs import RunKind
from models.tasks import SubtaskMode, TaskRetry
from models.tool_calls import ToolCallOutcome, ToolCallRequest
from tests.replaced_tools import requested_calls
from tests.runs import Runs, a_subtask
from tests.until import until_true

MODES = [SubtaskMode.CHILD, SubtaskMode.INLINE]

ASK = 'Ask. [[sim: ask="Which color?"; tokens=5]]'
REQUEST = 'Send. [[sim: call=http_request; args={"method": "GET", "url": "http://127.0.0.1:9/"}; tokens=5]]'


@pytest.fixture(scope="module", autouse=True)
async def clerk(runs: Runs) -> AgentSpec:
    """Create an agent that may ask people and send requests."""
    spec = AgentSpec(name="clerk", prompt="Work.", tools=("ask_person", "http_request"))
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec)
    return spec


async def started(runs: Runs, *instructions: str) -> TaskId:
    plan = [a_subtask(f"s{n}", words, agent="clerk") for n, words in enumerate(instructions)]
    return await runs.start("Work", plan=plan)


async def pending(runs: Runs, task_id: TaskId, number: int = 1) -> list[ApprovalView]:
    """Wait until a task waits for this many decisions, and return them, oldest first."""
    await runs.until(task_id, lambda row: row["approvals_pending"] == number and row["status"] == "waiting")
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


async def results_in(runs: Runs, task_id: TaskId) -> list[str]:
    query = "SELECT content FROM messages WHERE run_id = :id AND role = 'tool' ORDER BY path, seq"
    return [str(row["content"]) for row in await runs.rows(query, task_id)]


async def test_an_answer_is_the_calls_result(runs: Runs) -> None:
    task_id = await started(runs, ASK)
    (question,) = await pending(runs, task_id)
    assert (question.question, question.kind, question.agent) == ("Which color?", "question", "clerk")
    await answer(runs, question, "green")
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await results_in(runs, task_id) == ["green"]
    assert (await runs.row(task_id))["approvals_pending"] == 0


async def test_several_answers_reach_their_subtasks(runs: Runs) -> None:
    task_id = await started(runs, ASK, ASK, ASK)
    asked = await pending(runs, task_id, 3)
    await asyncio.gather(*(answer(runs, each, each.path) for each in asked))
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await results_in(runs, task_id) == ["s0", "s1", "s2"]


async def test_an_approved_call_runs(runs: Runs) -> None:
    task_id = await started(runs, REQUEST)
    (approval,) = await pending(runs, task_id)
    assert (approval.tool, approval.kind) == ("http_request", "tool_call")
    assert approval.arguments["url"] == "http://127.0.0.1:9/"
    await decide(runs, approval, Approve(decision="approve"))
    assert (await runs.ended(task_id))["status"] == "completed"
    (result,) = await results_in(runs, task_id)
    assert "127.0.0.1" in result


async def test_changed_arguments_run_and_are_told(runs: Runs) -> None:
    task_id = await started(runs, REQUEST)
    (approval,) = await pending(runs, task_id)
    changed: dict[str, Any] = {"method": "GET", "url": "http://10.0.0.1/"}
    await decide(runs, approval, Approve(decision="approve", arguments=changed))
    await runs.ended(task_id)
    (result,) = await results_in(runs, task_id)
    assert "10.0.0.1" in result
    assert "127.0.0.1" not in result


async def test_a_rejection_reaches_the_agent(runs: Runs) -> None:
    task_id = await started(runs, REQUEST)
    (approval,) = await pending(runs, task_id)
    await decide(runs, approval, Reject(decision="reject", reason="Too risky."))
    assert (await runs.ended(task_id))["status"] == "completed"
    (result,) = await results_in(runs, task_id)
    assert "Too risky." in result


async def test_a_decision_during_a_pause_is_kept(runs: Runs) -> None:
    task_id = await started(runs, ASK)
    (question,) = await pending(runs, task_id)
    await runs.control(task_controls.pause, task_id)
    await answer(runs, question, "blue")
    assert (await runs.row(task_id))["status"] == "paused"
    await runs.control(task_controls.resume, task_id)
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await results_in(runs, task_id) == ["blue"]


async def test_a_cancel_ends_the_wait(runs: Runs) -> None:
    task_id = await started(runs, ASK)
    (question,) = await pending(runs, task_id)
    await runs.cancel(task_id)
    row = await runs.ended(task_id)
    assert (row["status"], row["approvals_pending"]) == ("cancelled", 0)
    async with runs.database.begin() as session:
        assert (await approval_views.one(session, runs.caller, question.id)).status == "cancelled"


async def test_a_cancel_while_a_call_begins_to_wait_ends_the_run(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ToolCalls._request

    async def cancelled(self: ToolCalls, request: ToolCallRequest, *args: Any) -> ToolCallOutcome:
        """Complete the activity although it is being cancelled."""
        outcome = await real(self, request, *args)
        with suppress(asyncio.CancelledError):
            await runs.cancel(TaskId(request.run_id))
            await asyncio.sleep(1)
        return outcome

    monkeypatch.setattr(ToolCalls, "_request", cancelled)
    task_id = await started(runs, ASK)
    row = await runs.ended(task_id)
    assert (row["status"], row["approvals_pending"], row["cancels_sent"]) == ("cancelled", 0, 0)


async def test_a_retry_asks_again(runs: Runs) -> None:
    """A decision that nobody makes in time fails the task while a question is pending."""
    terms = {"expires_after_s": 3, "on_expiry": "fail"}
    rule = {"tool": "http_request", "agent": "clerk", "verdict": "ask", "approval": terms}
    async with runs.database.begin() as session:
        await policies.replace(session, runs.caller.user_id, Policy.model_validate({"rules": [rule]}))
    try:
        task_id = await started(runs, ASK, REQUEST)
        await pending(runs, task_id, 2)
        row = await runs.ended(task_id)
        assert (row["status"], row["error_code"], row["approvals_pending"]) == ("failed", "approval_expired", 0)
    finally:
        async with runs.database.begin() as session:
            await policies.replace(session, runs.caller.user_id, Policy())
    await runs.control(retries.retry, task_id, TaskRetry())
    asked = {each.tool: each for each in await pending(runs, task_id, 2)}
    await answer(runs, asked["ask_person"], "green")
    await decide(runs, asked["http_request"], Reject(decision="reject"))
    assert (await runs.ended(task_id))["status"] == "completed"
    assert (await results_in(runs, task_id))[0] == "green"


async def test_a_question_with_a_nul_is_asked(runs: Runs) -> None:
    with requested_calls({"/s0#turn.1": [("ask_person", r'{"question": "Which\u0000 color?"}')]}):
        task_id = await started(runs, "Ask. [[sim: tokens=5]]")
        (question,) = await pending(runs, task_id)
        assert question.question == "Which color?"
        await answer(runs, question, "green")
        assert (await runs.ended(task_id))["status"] == "completed"


async def test_a_policy_applies_to_running_tasks(runs: Runs) -> None:
    rule = {"tool": "ask_person", "agent": "clerk", "verdict": "deny", "reason": "Don't ask."}
    async with runs.database.begin() as session:
        await policies.replace(session, runs.caller.user_id, Policy.model_validate({"rules": [rule]}))
    try:
        task_id = await started(runs, ASK)
        assert (await runs.ended(task_id))["status"] == "completed"
        (result,) = await results_in(runs, task_id)
        assert "Don't ask." in result
    finally:
        async with runs.database.begin() as session:
            await policies.replace(session, runs.caller.user_id, Policy())


async def test_no_activity_is_open_while_waiting(runs: Runs) -> None:
    task_id = await started(runs, ASK)
    (question,) = await pending(runs, task_id)

    async def is_idle() -> bool:
        client = await runs.temporal.connected()
        found = [run async for run in client.list_workflows(f"WorkflowId STARTS_WITH 'run-{task_id}'")]
        open_activities = [
            activity
            for run in found
            for activity in (await client.get_workflow_handle(run.id).describe()).raw_description.pending_activities
        ]
        return bool(found) and not open_activities

    await until_true(is_idle)
    async with runs.database.begin() as session:
        await task_controls.cancel(session, runs.caller, task_id, RunKind.TASK)
    await runs.deliver(task_id)
    assert question.id
