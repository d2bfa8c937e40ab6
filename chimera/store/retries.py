"""The retry of a failed task: its row is reopened, and its failed parts may start again.

Finished answers are kept: the new run requests each call in turn, and the ledger returns the finished ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Approval, Call, Guidance, Run, Subtask, Task, ToolCall
from chimera.ledger import events, notifications, outbox
from chimera.ledger.delegation import delegated_path
from chimera.store import shared_agents
from chimera.store.access import locked
from chimera.store.agents import revision_of
from chimera.store.task_controls import going_on, refusal, set_limits
from models.approvals import ApprovalStatus
from models.base import preview_of
from models.errors import AgentLimitReached, Conflict
from models.events import Event, GuidanceGiven, RunRetried
from models.ids import ROOT, NodePath, TaskId, UserId
from models.policies import OnExpiry
from models.remedies import Action, Remedy
from models.retries import advice_for
from models.runs import RunKind, RunStatus
from models.subtasks import SubtaskStatus
from models.tasks import TaskRetry
from models.users import Caller


async def retry(session: AsyncSession, caller: Caller, task_id: TaskId, wish: TaskRetry) -> UserId:
    """Reopen a failed task and enqueue the start of a new run; return the task's owner.

    Raises Conflict if the task has not failed, or would fail again in the same way because of the answers that it has,
    and InvalidInput if a limit is not above what is already spent.
    """
    task = await locked(session, caller, task_id, RunKind.TASK)
    if task.status != RunStatus.FAILED:
        raise refusal(task, "only a failed task can be retried")
    advice = advice_for(task.error_code)
    if not advice.retry:
        raise Conflict(advice.message, remedy=Remedy(action=Action.CREATE_TASK))
    happened: list[Event] = [set_limits(task, wish.budget, "budget.")] if wish.budget else []
    again = _begin_again(await _subtasks_of(session, task_id), wish.model)
    if wish.model and not again.failed:
        await session.execute(update(Task).where(Task.run_id == task_id).values(model=wish.model))
    if task.error_code == AgentLimitReached.code:
        # The agent's limits can only be changed in a new version of it.
        owner_id = UserId(task.owner_id)
        before = await session.scalar(select(Task.shared_agents).where(Task.run_id == task_id))
        pins = await shared_agents.renewed(session, owner_id, before, strict=False)
        newest = {"agents_revision": revision_of(owner_id), "shared_agents": pins}
        await session.execute(update(Task).where(Task.run_id == task_id).values(**newest))
    task.subtasks_done -= again.skipped
    # The decisions that the failed run waited for were cancelled when it ended.
    task.approvals_pending = 0
    await _ask_again(session, task_id)
    task.status, task.ended_at = going_on(task), None
    task.error_code = task.error = None
    task.retries += 1
    task.cancels_sent = 0
    failed_calls = update(Call).where(Call.run_id == task_id, Call.status == "failed")
    await session.execute(failed_calls.values(forgiven=Call.attempt))
    if wish.guidance:
        happened += await _given(session, task, wish.guidance, again.uppermost or [ROOT])
    await session.flush()
    await events.append(session, task_id, RunRetried(paths=tuple(again.paths), model=wish.model), *happened)
    await notifications.run_goes_on(session, task_id)
    await outbox.enqueue(session, task_id, "start")
    return UserId(task.owner_id)


@dataclass(frozen=True, slots=True)
class _Again:
    """The subtasks that may start again."""

    paths: list[NodePath]
    failed: list[NodePath]
    """Those of them that had failed or been skipped. The others had been cut short, or had never started."""
    skipped: int
    """How many of them had been skipped."""

    @property
    def uppermost(self) -> list[NodePath]:
        """Return the failed subtasks that have no failed subtask above them."""
        return [path for path in self.failed if not any(path.startswith(f"{above}/") for above in self.failed)]


async def _subtasks_of(session: AsyncSession, task_id: TaskId) -> Sequence[Subtask]:
    """Read the subtasks of a task, parents before children.

    A delegated subtask whose agent has received its answer, or its failure, is left out, because it doesn't run again.
    """
    statement = select(Subtask).where(Subtask.run_id == task_id).order_by(Subtask.path)
    subtasks = (await session.scalars(statement)).all()
    if not any(subtask.tools is not None for subtask in subtasks):
        return subtasks
    ended = select(ToolCall.path, ToolCall.step, ToolCall.index).where(
        ToolCall.run_id == task_id, ToolCall.status == "finished"
    )
    calls = {delegated_path(NodePath(path), step, index) for path, step, index in await session.execute(ended)}
    return [subtask for subtask in subtasks if subtask.tools is None or subtask.path not in calls]


def _begin_again(subtasks: Sequence[Subtask], model: str | None) -> _Again:
    """Reset the subtasks that failed or were cut short; those that failed will use `model`, if there is one.

    A skipped subtask stays skipped if its node continued without it. If all subtasks of a node were skipped, the node
    failed because of that, and all of them are retried.
    """
    answered = {subtask.parent for subtask in subtasks if subtask.status == SubtaskStatus.COMPLETED}
    paths: list[NodePath] = []
    failed: list[NodePath] = []
    skipped = 0
    for subtask in subtasks:
        status = SubtaskStatus(subtask.status)
        was_skipped = status is SubtaskStatus.SKIPPED and subtask.parent not in answered
        has_ended_badly = status in (SubtaskStatus.FAILED, SubtaskStatus.CANCELLED) or was_skipped
        if not has_ended_badly or (subtask.parent != ROOT and subtask.parent not in paths):
            continue
        path = NodePath(subtask.path)
        paths.append(path)
        if status is not SubtaskStatus.CANCELLED:
            failed.append(path)
            subtask.model = model or subtask.model
        skipped += was_skipped
        subtask.status, subtask.ended_at = SubtaskStatus.PENDING, None
        subtask.error_code = subtask.error = None
    return _Again(paths, failed, skipped)


async def _ask_again(session: AsyncSession, task_id: TaskId) -> None:
    """Forget the expired decisions that failed their subtasks. Otherwise, the retry would fail in the same way."""
    expired = (Approval.run_id == task_id) & (Approval.status == ApprovalStatus.EXPIRED)
    failing = Approval.terms["on_expiry"].astext == OnExpiry.FAIL
    await session.execute(update(Approval).where(expired, failing).values(status=ApprovalStatus.CANCELLED))


async def _given(session: AsyncSession, task: Run, words: str, paths: Sequence[NodePath]) -> list[GuidanceGiven]:
    """Store guidance for each of the nodes. The next calls of the node, and of the nodes below it, receive it."""
    rows = [Guidance(run_id=task.id, path=path, text=words) for path in paths]
    session.add_all(rows)
    await session.flush()
    task.guidance_given += len(rows)
    return [GuidanceGiven(path=NodePath(row.path), guidance_id=row.id, preview=preview_of(words)) for row in rows]
