"""The pattern of plans: request a plan, run its subtasks by their dependencies, and combine their results."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from models.agents import COORDINATOR, PLANNER
from models.base import preview_of
from models.errors import ApprovalExpired, PlanInvalid, SubtaskFailed
from models.ids import NodePath, child_path
from models.model_calls import Purpose
from models.nodes import NodeOutcome, SuspendedChild
from models.plans import PlanNode
from models.tasks import OnFailure
from workflows.answers import SpareAnswers, check_whole
from workflows.children import input_of
from workflows.failures import is_cancel, reason_of
from workflows.inline import may_be_inline
from workflows.node import Node, Suspended
from workflows.progress import Progress

PLAN_ROUNDS = 2
"""The planner's first plan and one repair. Each retry of the node or the task allows as many again."""


async def planned(node: Node) -> None:
    """Produce the node's answer with a plan.

    Raises ApplicationError with the code of the failure if a subtask failed and the policy is `fail`.
    """
    plan = node.state.plan or await _plan(node)
    node.keep(plan=plan)
    progress = Progress(plan, node.state.ended)
    await _run_subtasks(node, progress)
    completed = progress.completed()
    if not completed:
        why = f"Every subtask failed. Last failure: {node.state.last_failure}"[:500]
        raise ApplicationError(why, type=SubtaskFailed.code, non_retryable=True)
    if len(plan) == 1:
        node.is_closing = True
        await node.record("completed", from_child=completed[0])
    else:
        await _aggregate(node)


async def _plan(node: Node) -> tuple[PlanNode, ...]:
    """Request a plan.

    A retry has rounds of its own after those that the ledger already answered: a plan that was accepted before is used
    again, and if all were rejected, new ones are requested.
    """
    node.show("Planning")
    problems: tuple[str, ...] = ()
    for step in range(1, PLAN_ROUNDS * (node.place.retries + node.place.retry + 1) + 1):
        outcome = await node.call(node.request(Purpose.PLAN, step, PLANNER))
        if outcome.plan:
            return outcome.plan
        problems = outcome.plan_problems
    advice = "Send the subtasks in `plan`, or choose another model."
    why = f"The planner's plan can't run: {' '.join(problems)}"
    message = f"{preview_of(why, 499 - len(advice))} {advice}"
    raise ApplicationError(message, type=PlanInvalid.code, non_retryable=True)


async def _aggregate(node: Node) -> None:
    """Request the answer, and request it again as long as it has to continue, for example because of new guidance."""
    step, spare = 1, SpareAnswers(node.place)
    while True:
        outcome = await node.call(node.request(Purpose.AGGREGATE, step, COORDINATOR))
        if not outcome.goes_on and not spare.ask_again(outcome):
            break
        step += 1
    check_whole(node.place.policy, outcome)


async def _run_subtasks(node: Node, progress: Progress) -> None:
    """Run subtasks as soon as they may start, until all have ended. Raises Suspended once those in flight are suspended
    with their node.
    """
    underway: dict[asyncio.Task[NodeOutcome | SuspendedChild], str] = {}
    try:
        while not progress.finished:
            if node.gate.is_open:
                for subtask in progress.start():
                    underway[asyncio.create_task(_run_subtask(node, subtask))] = subtask.key
            node.show(progress.describe())
            if underway:
                await _something_happens(node, underway)
            else:
                await node.open()
            for task in [task for task in underway if task.done()]:
                _note(node, progress, underway.pop(task), task.result())
    finally:
        node.show(progress.describe())
        node.is_ending_children = True
        await _cancel_all(underway)


# In quotes, because the sandbox evaluates annotations whenever a run starts, and `asyncio` is a restricted proxy there.
async def _something_happens(node: Node, underway: "dict[asyncio.Task[NodeOutcome | SuspendedChild], str]") -> None:
    """Wait until a subtask ends, or until subtasks that were held back may start."""
    was_open = node.gate.is_open
    await workflow.wait_condition(lambda: any(task.done() for task in underway) or (node.gate.is_open and not was_open))


def _note(node: Node, progress: Progress, key: str, end: NodeOutcome | SuspendedChild) -> None:
    if isinstance(end, SuspendedChild):
        node.put_suspended(end)
        progress.put_back(key)
    else:
        node.keep(ended=(*node.state.ended, end))
        progress.end(end)


async def _run_subtask(node: Node, subtask: PlanNode) -> NodeOutcome | SuspendedChild:
    """Run one subtask to its end, following the policy. Raises ApplicationError if its failure makes the node fail."""
    policy, path = node.place.policy, child_path(node.place.path, subtask.key)
    current = node.take_suspended(subtask.key)
    retries = policy.max_retries if policy.on_failure is OnFailure.RETRY else 0
    while True:
        try:
            await node.open()
            outcome = await node.run_child(
                input_of(node.place, subtask, current),
                may_be_inside=may_be_inline(node.place, node.state.plan or (), subtask),
            )
            return outcome if outcome.state is None else current.model_copy(update={"state": outcome.state})
        except Suspended:
            return current
        except (ActivityError, ApplicationError, ChildWorkflowError) as error:
            # A cancellation of the run takes precedence over a failure that comes with it.
            if node.is_stopping() or (is_cancel(error) and node.is_ending_children):
                raise asyncio.CancelledError from error
            code, message = reason_of(error)
        node.keep(last_failure=f"{code}: {message}")
        # There was no decision in time, which stays true until a retry of the whole task asks again.
        if current.retry >= retries or code == ApprovalExpired.code:
            return await _give_up(node, path, code, message)
        await workflow.sleep(timedelta(seconds=min(30, 2**current.retry)))
        current = SuspendedChild(key=subtask.key, retry=current.retry + 1)


async def _give_up(node: Node, path: NodePath, code: str, message: str) -> NodeOutcome:
    if node.place.policy.on_failure is OnFailure.SKIP:
        await node.record("skipped", path=path, code=code, error=message)
        return NodeOutcome(path=path, status="skipped")
    await node.record("failed", path=path, code=code, error=message)
    raise ApplicationError(f"Subtask {path!r} failed: {message}"[:500], type=code, non_retryable=True)


# In quotes, as above.
async def _cancel_all(underway: "dict[asyncio.Task[NodeOutcome | SuspendedChild], str]") -> None:
    """Cancel the subtasks in flight, and wait until each of them has really ended."""
    for task in underway:
        task.cancel()
    if underway:
        await asyncio.gather(*underway, return_exceptions=True)
