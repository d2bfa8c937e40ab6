"""The retry of a failed task: its row is reopened, and its failed parts may begin anew.

What was answered stands: the new run asks for each call in turn, and those that are finished come back from the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Call, Guidance, Run, Subtask, Task
from chimera.ledger import events, outbox
from chimera.store.access import locked
from chimera.store.task_controls import going_on, refusal, set_limits
from models.base import preview_of
from models.errors import Conflict
from models.events import Event, GuidanceGiven, RunRetried
from models.ids import ROOT, NodePath, TaskId, UserId
from models.remedies import Action, Remedy
from models.retries import advice_for
from models.runs import RunKind, RunStatus
from models.subtasks import SubtaskStatus
from models.tasks import TaskRetry
from models.users import Caller


async def retry(session: AsyncSession, caller: Caller, task_id: TaskId, wish: TaskRetry) -> UserId:
    """Reopen a failed task and have a run of it started; return its owner.

    Raises Conflict for one that has not failed, or that would fail in the same way by the answers that it has, and
    InvalidInput for a limit that is not above what is spent.
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
    task.subtasks_done -= again.skipped
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
    await outbox.enqueue(session, task_id, "start")
    return UserId(task.owner_id)


@dataclass(frozen=True, slots=True)
class _Again:
    """The subtasks that may begin anew."""

    paths: list[NodePath]
    failed: list[NodePath]
    """Those among them that had failed; the others were cut short, or never begun."""
    skipped: int
    """How many of them had been skipped."""

    @property
    def uppermost(self) -> list[NodePath]:
        """The failed ones that have no failed one above them."""
        return [path for path in self.failed if not any(path.startswith(f"{above}/") for above in self.failed)]


async def _subtasks_of(session: AsyncSession, task_id: TaskId) -> Sequence[Subtask]:
    """Read the subtasks of a task, those above before those below."""
    statement = select(Subtask).where(Subtask.run_id == task_id).order_by(Subtask.path)
    return (await session.scalars(statement)).all()


def _begin_again(subtasks: Sequence[Subtask], model: str | None) -> _Again:
    """Put what failed or was cut short back to its beginning; `model` is what failed ones are to ask.

    A subtask that was skipped stays so where its node went on without it. Where every one was skipped, the node failed
    of that, and all of them are retried.
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


async def _given(session: AsyncSession, task: Run, words: str, paths: Sequence[NodePath]) -> list[GuidanceGiven]:
    """Keep guidance for each of the nodes; its next call, and those below it, hear it."""
    rows = [Guidance(run_id=task.id, path=path, text=words) for path in paths]
    session.add_all(rows)
    await session.flush()
    task.guidance_given += len(rows)
    return [GuidanceGiven(path=NodePath(row.path), guidance_id=row.id, preview=preview_of(words)) for row in rows]
