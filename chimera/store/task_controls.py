"""The controls of existing tasks: each is one transaction, with its event and the message to the run.

The row is locked first, so that of two simultaneous requests, the second one sees what the first one has done.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Guidance as GuidanceRow
from chimera.db.tables import Run, Subtask, Task
from chimera.ledger import ends, events, notifications, outbox
from chimera.store import agents, shared_agents
from chimera.store.access import locked
from models.base import preview_of
from models.errors import Conflict, InvalidInput
from models.events import (
    BudgetRaised,
    GuidanceGiven,
    RunCancelled,
    RunCancelling,
    RunPaused,
    RunResumed,
)
from models.ids import ROOT, NodePath, RunId, TaskId, UserId
from models.remedies import Action, Remedy
from models.retries import advice_for
from models.runs import CLOSED, REPLIES, STOPPED, RunKind, RunStatus
from models.shares import Right
from models.subtasks import OPEN_SUBTASKS
from models.tasks import Budget, Guidance
from models.users import Caller
from models.workflows import TaskSignal

PAUSABLE = frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING})


@dataclass(frozen=True, slots=True)
class Given:
    """Stored guidance: its id, the sequence of its event, and the subtasks that were open at that time.

    A subtask that is open when guidance is stored receives it, unless it fails or is in the last of its permitted
    turns. Its answer isn't accepted as final before that.
    """

    guidance_id: int
    seq: int
    open_subtasks: frozenset[NodePath]


async def execute(session: AsyncSession, caller: Caller, task_id: TaskId) -> None:
    """Start a draft with the current versions of its agents.

    Raises InactiveAgent if its plan names an inactive one, and UnknownAgent if the owner may no longer use one.
    """
    task = await locked(session, caller, task_id, RunKind.TASK)
    if task.status != RunStatus.DRAFT:
        raise refusal(task, "only a draft can be started")
    owner_id = UserId(task.owner_id)
    named = (await session.scalars(select(Subtask.agent).where(Subtask.run_id == task_id).distinct())).all()
    before = await session.scalar(select(Task.shared_agents).where(Task.run_id == task_id)) or {}
    await agents.check_active(session, owner_id, set(named) - before.keys())
    pins = await shared_agents.renewed(session, owner_id, before, strict=True)
    current = {"agents_revision": agents.revision_of(owner_id), "shared_agents": pins or None}
    await session.execute(update(Task).where(Task.run_id == task_id).values(**current))
    task.status = RunStatus.QUEUED
    await outbox.enqueue(session, task_id, "start")


async def cancel(session: AsyncSession, caller: Caller, run_id: RunId, *kinds: RunKind) -> None:
    """Stop a run of one of these kinds: from now on, the ledger allows no call for it.

    If the request is repeated while the run is ending, the cancel is sent again.
    """
    run = await locked(session, caller, run_id, *kinds, right=Right.USE)
    if run.status == RunStatus.CANCELLING:
        await outbox.enqueue_again(session, run_id, "cancel")
    if run.status in STOPPED:
        return
    if run.status in CLOSED:
        raise _has_ended(run)
    if run.status == RunStatus.DRAFT:
        run.status, run.ended_at = RunStatus.CANCELLED, datetime.now(UTC)
        cut_short = await ends.cancel_open_subtasks(session, run_id)
        await events.append(session, run_id, *cut_short, RunCancelled())
        return
    run.status = RunStatus.CANCELLING
    await events.append(session, run_id, RunCancelling())
    await outbox.enqueue(session, run_id, "cancel")


def _has_ended(run: Run) -> Conflict:
    """Return the error for a run that has ended, with what can be done instead."""
    if RunKind(run.kind) is RunKind.TASK:
        return Conflict(
            f"The task is {run.status} and can't be cancelled. You can delete its content.",
            remedy=Remedy(action=Action.DELETE_TASK, target=run.id),
        )
    if RunKind(run.kind) in REPLIES:
        return Conflict(
            f"The reply is {run.status}. Only a reply that hasn't ended can be cancelled.",
            remedy=Remedy(action=Action.SHOW_REPLY, target=run.id),
        )
    return Conflict(
        f"The AI call is {run.status}. Only an AI call that hasn't ended can be cancelled.",
        remedy=Remedy(action=Action.SHOW_AI_CALL, target=run.id),
    )


async def pause(session: AsyncSession, caller: Caller, task_id: TaskId) -> None:
    """Pause a task: calls in flight finish, and no others start. A repeated request changes nothing."""
    task = await locked(session, caller, task_id, RunKind.TASK, right=Right.USE)
    if task.status == RunStatus.PAUSED:
        return
    if task.status not in PAUSABLE:
        raise refusal(task, "only a queued, running or waiting task can be paused")
    task.status = RunStatus.PAUSED
    await events.append(session, task_id, RunPaused())
    await outbox.signal(session, task_id, TaskSignal.PAUSE)


async def resume(session: AsyncSession, caller: Caller, task_id: TaskId) -> None:
    """Let a paused task continue. A repeated request changes nothing."""
    task = await locked(session, caller, task_id, RunKind.TASK, right=Right.USE)
    if task.status in (RunStatus.QUEUED, RunStatus.RUNNING):
        return
    if task.status == RunStatus.WAITING:
        raise _waits(task)
    if task.status != RunStatus.PAUSED:
        raise refusal(task, "only a paused task can be resumed")
    # A call for which the budget is still too low reports that again.
    task.needs_budget = False
    task.status = going_on(task)
    await events.append(session, task_id, RunResumed())
    await outbox.signal(session, task_id, TaskSignal.RESUME)


async def raise_budget(session: AsyncSession, caller: Caller, task_id: RunId, budget: Budget, *kinds: RunKind) -> None:
    """Set the limits that `budget` names and leave the others unchanged; a run that waited for them continues.

    `kinds` are those of the run; by default, it is a task.

    Raises InvalidInput if a limit is not above what is already spent.
    """
    task = await locked(session, caller, task_id, *(kinds or (RunKind.TASK,)))
    if task.status in CLOSED or task.status == RunStatus.CANCELLING:
        raise refusal(task, "it makes no more model calls")
    raised = set_limits(task, budget)
    task.needs_budget = False
    if task.status == RunStatus.WAITING:
        task.status = going_on(task)
    await events.append(session, task_id, raised)
    await notifications.run_goes_on(session, task_id, has_ended=True)
    if task.status != RunStatus.DRAFT:
        await outbox.signal(session, task_id, TaskSignal.BUDGET_RAISED)


async def steer(session: AsyncSession, caller: Caller, task_id: TaskId, guidance: Guidance) -> Given:
    """Store guidance for a run. The next model call of each node that it is for receives it.

    Raises InvalidInput for a subtask that doesn't exist, and Conflict for one that has ended.
    """
    task = await locked(session, caller, task_id, RunKind.TASK, right=Right.USE)
    if task.status in CLOSED or task.status == RunStatus.CANCELLING:
        raise refusal(task, "no further model call can receive guidance")
    subtasks = await _statuses(session, task_id)
    if guidance.path:
        _check_path(subtasks, guidance.path)
    task.guidance_given += 1
    row = GuidanceRow(run_id=task_id, path=guidance.path or ROOT, text=guidance.text)
    session.add(row)
    await session.flush()
    given = GuidanceGiven(path=guidance.path or ROOT, guidance_id=row.id, preview=preview_of(guidance.text))
    seq = await events.append(session, task_id, given)
    return Given(row.id, seq, frozenset(path for path, status in subtasks.items() if status in OPEN_SUBTASKS))


async def withdraw(session: AsyncSession, guidance_id: int) -> None:
    """Delete guidance that the run rejected because it was ending; no call has received it."""
    await session.execute(delete(GuidanceRow).where(GuidanceRow.id == guidance_id))


def set_limits(task: Run, budget: Budget, within: str = "") -> BudgetRaised:
    """Set the limits that `budget` names in a task's row; return the event.

    `within` is a prefix for the field names in errors, for a budget inside another body. Raises InvalidInput if a limit
    is not above what is already spent.
    """
    _check_above_spent(task, budget, within)
    for field, limit in budget.model_dump(exclude_none=True).items():
        setattr(task, field, limit)
    return BudgetRaised(
        max_cost_micro_usd=task.max_cost_micro_usd, max_tokens=task.max_tokens, max_model_calls=task.max_model_calls
    )


_NEW_TASK = ("It can't be restarted. Create a new task.", Action.CREATE_TASK)
_INSTEAD: dict[RunStatus, tuple[str, Action | None]] = {
    RunStatus.DRAFT: ("Start the draft.", Action.EXECUTE_TASK),
    RunStatus.QUEUED: ("It will start when its turn comes.", None),
    RunStatus.RUNNING: ("It is already running. Check its progress.", Action.SHOW_TASK),
    RunStatus.PAUSED: ("Resume the task.", Action.RESUME_TASK),
    RunStatus.CANCELLING: _NEW_TASK,
    RunStatus.COMPLETED: _NEW_TASK,
    RunStatus.FAILED: ("Retry the task. Finished answers are kept.", Action.RETRY_TASK),
    RunStatus.CANCELLED: _NEW_TASK,
}
"""The alternative to a forbidden request, by the task's status."""


def refusal(task: Run, rule: str) -> Conflict:
    """Return why a run's state forbids a request, and what can be done instead."""
    status = RunStatus(task.status)
    if RunKind(task.kind) in REPLIES:
        return Conflict(f"The reply is {status}: {rule}.", remedy=Remedy(action=Action.SHOW_REPLY, target=task.id))
    if status is RunStatus.WAITING:
        waits = _waits(task)
        return Conflict(f"The task is {status}: {rule}. {waits.message}", remedy=waits.remedy)
    shown = "a draft" if status is RunStatus.DRAFT else status
    is_final = status is RunStatus.FAILED and not advice_for(task.error_code).retry
    instead, action = _NEW_TASK if is_final else _INSTEAD[status]
    target = None if action is Action.CREATE_TASK else task.id
    remedy = Remedy(action=action, target=target) if action else None
    return Conflict(f"The task is {shown}: {rule}. {instead}", remedy=remedy)


def _waits(task: Run) -> Conflict:
    """Return the error that names what a waiting task is waiting for."""
    if task.approvals_pending and not task.needs_budget:
        return Conflict(
            "The task is waiting for a person. Decide about its pending approvals, or answer its questions.",
            remedy=Remedy(action=Action.LIST_APPROVALS),
        )
    return Conflict(
        "The task is waiting for a higher budget. Raise the budget.",
        remedy=Remedy(action=Action.RAISE_BUDGET, target=task.id),
    )


def going_on(task: Run) -> RunStatus:
    """Return the status of a task that its owner lets continue."""
    if task.approvals_pending:
        return RunStatus.WAITING
    return RunStatus.QUEUED if task.started_at is None else RunStatus.RUNNING


def _check_above_spent(task: Run, budget: Budget, within: str) -> None:
    spent = {
        # As the ledger counts it: in-doubt attempts may have cost their estimate.
        "max_cost_micro_usd": task.spent_micro_usd + task.in_doubt_micro_usd,
        "max_tokens": task.input_tokens + task.output_tokens,
        "max_model_calls": task.model_calls,
    }
    for field, limit in budget.model_dump(exclude_none=True).items():
        if limit <= spent[field]:
            written = _exact_usd if field == "max_cost_micro_usd" else str
            raise InvalidInput(
                f"{within}{field}",
                f"{written(limit)} doesn't exceed the {written(spent[field])} already spent. Send a higher limit.",
            )


def _exact_usd(micro_usd: int) -> str:
    """Format an amount to the millionth of a dollar: two different amounts may look alike when they are rounded."""
    return f"${micro_usd / 1e6:,.6f}"


async def _statuses(session: AsyncSession, task_id: TaskId) -> dict[NodePath, str]:
    statement = select(Subtask.path, Subtask.status).where(Subtask.run_id == task_id).order_by(Subtask.path)
    return {NodePath(row.path): row.status for row in await session.execute(statement)}


def _check_path(statuses: dict[NodePath, str], path: NodePath) -> None:
    if path not in statuses:
        known = f"Use one of {', '.join(list(statuses)[:20])}, or omit the path" if statuses else "Omit the path"
        raise InvalidInput("path", f"This task has no subtask {path!r}. {known}.")
    if statuses[path] not in OPEN_SUBTASKS:
        raise Conflict(
            f"Subtask {path!r} is {statuses[path]}. To send guidance to the subtasks that haven't ended, omit the path."
        )
