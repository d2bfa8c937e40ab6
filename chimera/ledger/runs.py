"""What a run itself writes about a task, apart from its model calls: start, ends of nodes, reconciliation."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, words
from chimera.ledger import events, in_doubt, outbox, subtasks
from models.base import preview_of
from models.errors import AnswerMissing, RootStopped
from models.events import (
    Event,
    SubtaskCancelled,
    SubtaskCompleted,
    SubtaskFailed,
    SubtaskSkipped,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskStarted,
)
from models.ids import ROOT, NodePath, TaskId, UserId
from models.plans import PlanNode
from models.subtasks import OPEN_SUBTASKS
from models.tasks import (
    CLOSED,
    OPEN,
    STOPPED,
    FinishReason,
    RunPolicy,
    TaskInput,
    TaskStatus,
    TransitionRecord,
)


@dataclass(frozen=True, slots=True)
class Start:
    """What a task's workflow is started with, and its title for the Web UI."""

    task: TaskInput
    title: str


async def read_start(session: AsyncSession, task_id: TaskId) -> Start | None:
    """Build a task's workflow argument from its rows; None when it was stopped before it began."""
    row = (
        await session.execute(
            text(
                "SELECT owner_id, title, goal, policy, priority, status, subtasks_total, retries FROM tasks"
                " WHERE id = :id"
            ),
            {"id": task_id},
        )
    ).one_or_none()
    if row is None or row.status in CLOSED:
        return None
    if row.retries and row.status == TaskStatus.CANCELLING:
        # The run that failed may still be ending, and nothing else is to begin.
        return None
    plan = await _plan_of(session, task_id) if row.subtasks_total else ()
    task = TaskInput(
        task_id=task_id,
        owner_id=UserId(str(row.owner_id)),
        policy=RunPolicy.model_validate(row.policy),
        priority=row.priority,
        plan=plan or None,
        retries=row.retries,
    )
    return Start(task=task, title=row.title or preview_of(row.goal, 120))


async def _plan_of(session: AsyncSession, task_id: TaskId) -> tuple[PlanNode, ...]:
    nodes = await session.execute(
        text(
            "SELECT key, agent, title, depends_on, decompose FROM subtasks"
            " WHERE task_id = :id AND parent = '' ORDER BY position"
        ),
        {"id": task_id},
    )
    return tuple(
        PlanNode(key=n.key, agent=n.agent, title=n.title[:80], depends_on=tuple(n.depends_on), decompose=n.decompose)
        for n in nodes
    )


_MARK_STARTED = text("""
WITH begun AS (
    UPDATE tasks SET started_at = COALESCE(started_at, now()), event_seq = event_seq + 1, updated_at = now(),
           status = CASE status WHEN 'queued' THEN 'running' ELSE status END
    WHERE id = :id AND status <> ALL(:closed)
      AND NOT EXISTS (SELECT 1 FROM events WHERE task_id = tasks.id AND payload ->> 'type' = 'task.started')
    RETURNING id, event_seq)
INSERT INTO events (task_id, seq, payload) SELECT id, event_seq, CAST(:event AS jsonb) FROM begun
""")


async def mark_started(session: AsyncSession, task_id: TaskId) -> None:
    """Say that the run has begun, once; a pause or a cancel that came first keeps its word.

    A run that was faster than this has put in `started_at` with its first call; one that has ended is left as it is.
    """
    event = TaskStarted().model_dump_json()
    await session.execute(_MARK_STARTED, {"id": task_id, "closed": words(CLOSED), "event": event})


async def record(session: AsyncSession, transition: TransitionRecord) -> int:
    """Write the end of a node, once; return the sequence of its last event (0: it had ended before).

    Raises RootStopped for a node that would be completed when its task was stopped, and AnswerMissing when it would be
    without the answer of a subtask.
    """
    if transition.status == "completed":
        await _check_completable(session, transition)
    if transition.path == ROOT:
        return await _end_task(session, transition)
    return await _end_subtask(session, transition)


async def open_among(session: AsyncSession, task_ids: Collection[TaskId]) -> list[TaskId]:
    """Which of these tasks the rows still call open."""
    if not task_ids:
        return []
    rows = await session.scalars(
        text(
            "SELECT id FROM tasks WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL AND status = ANY(:open)"
        ),
        {"ids": list(task_ids), "open": words(OPEN)},
    )
    return [TaskId(str(task_id)) for task_id in rows]


async def oldest_open(session: AsyncSession) -> datetime | None:
    """When the oldest task was taken in that the rows call open; None when all have ended."""
    statement = text(
        "SELECT created_at FROM tasks WHERE deleted_at IS NULL AND status = ANY(:open) ORDER BY created_at LIMIT 1"
    )
    created_at: datetime | None = await session.scalar(statement, {"open": words(OPEN)})
    return created_at


async def with_runs(session: AsyncSession, before: datetime, after: TaskId | None, limit: int) -> list[TaskId]:
    """Open tasks from before a moment whose runs were started, by id, from behind `after`."""
    rows = await session.scalars(
        text(
            "SELECT id FROM tasks t WHERE deleted_at IS NULL AND status = ANY(:open) AND created_at < :before"
            " AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))"
            " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.id) ORDER BY id LIMIT :limit"
        ),
        {"open": words(OPEN), "before": before, "after": after, "limit": limit},
    )
    return [TaskId(str(task_id)) for task_id in rows]


async def start_again(session: AsyncSession, task_id: TaskId) -> None:
    """Have a run started anew that Temporal has lost: the ledger gives it what was answered. A stop stays a stop."""
    status = await session.scalar(text("SELECT status FROM tasks WHERE id = :id FOR NO KEY UPDATE"), {"id": task_id})
    if status == TaskStatus.CANCELLING:
        await close_from_temporal(session, task_id, True)
    elif status in OPEN:
        await outbox.enqueue(session, task_id, "start")


async def stopped_among(connection: Connection, task_ids: Collection[TaskId]) -> set[TaskId]:
    """Which of these tasks were cancelled or deleted, or have failed: nobody waits for an answer in them.

    A completed one isn't among them: the call that completed it may be the one that asks.
    """
    cursor = await connection.execute(
        "SELECT id FROM tasks WHERE id = ANY(CAST(%(ids)s AS uuid[]))"
        " AND (status = ANY(%(stopped)s) OR deleted_at IS NOT NULL)",
        {"ids": list(task_ids), "stopped": words(STOPPED | {TaskStatus.FAILED})},
    )
    return {TaskId(str(row.id)) for row in await cursor.fetchall()}


async def close_from_temporal(
    session: AsyncSession, task_id: TaskId, cancelled: bool, *, retries: int | None = None
) -> bool:
    """Bring a row to the truth whose run was ended from outside (terminated in Temporal's Web UI, say).

    `retries` tells which run Temporal speaks of; None: whichever there is. A task that was tried again since is left
    alone. Returns whether it was open until now.
    """
    lock = text("SELECT status, retries FROM tasks WHERE id = :id FOR NO KEY UPDATE")
    status, told = (await session.execute(lock, {"id": task_id})).one_or_none() or (None, 0)
    # Whoever asked for a stop got one, however the run ended.
    cancelled = cancelled or status == TaskStatus.CANCELLING
    transition = TransitionRecord(
        task_id=task_id,
        path=ROOT,
        status="cancelled" if cancelled else "failed",
        error_code=None if cancelled else "ended_outside",
        error="" if cancelled else "The run was ended in Temporal; its history says by whom.",
        retries=told if retries is None else retries,
    )
    return await _end_task(session, transition) > 0


async def _end_task(session: AsyncSession, transition: TransitionRecord) -> int:
    row = (
        await session.execute(
            text("SELECT status, last_call_at, simulated, retries FROM tasks WHERE id = :id FOR NO KEY UPDATE"),
            {"id": transition.task_id},
        )
    ).one_or_none()
    if row is None or row.status in CLOSED or row.retries > transition.retries:
        return 0
    if row.status == TaskStatus.CANCELLING and transition.status != "cancelled":
        # Whoever asked for a stop got one, however the run ended.
        transition = TransitionRecord(
            task_id=transition.task_id, path=ROOT, status="cancelled", retries=transition.retries
        )
    answer = await _answer_of(session, transition)
    await session.execute(
        text(
            "UPDATE tasks SET status = :status, error_code = :code, error = :error, result = :result,"
            " finish_reason = :finish_reason, ended_at = now() WHERE id = :id"
        ),
        {
            "id": transition.task_id,
            "status": transition.status,
            "code": transition.error_code,
            "error": transition.error or None,
            "result": answer.result,
            "finish_reason": answer.finish_reason,
        },
    )
    await in_doubt.leave_behind(session, transition.task_id, ROOT)
    cut_short = await cancel_open_subtasks(session, transition.task_id)
    event: Event
    match transition.status:
        case "completed":
            event = TaskCompleted(
                preview=preview_of(answer.result or ""),
                simulated=row.simulated,
                finish_reason=answer.finish_reason or "stop",
            )
        case "cancelled":
            event = TaskCancelled(last_call_at=row.last_call_at)
        case _:
            event = TaskFailed(code=transition.error_code or "failed", message=transition.error)
    return await events.append(session, transition.task_id, *cut_short, event)


async def cancel_open_subtasks(
    session: AsyncSession, task_id: TaskId, *, below: NodePath = ROOT
) -> list[SubtaskCancelled]:
    """Close the subtasks that the end of the node above them cuts short or keeps from beginning.

    Returns their events, to be appended.
    """
    statement = text(
        "UPDATE subtasks SET status = 'cancelled', ended_at = now() WHERE task_id = :id AND status = ANY(:open)"
        " AND (CAST(:below AS text) = '' OR starts_with(path, CAST(:below AS text) || '/')) RETURNING path"
    )
    paths = await session.scalars(statement, {"id": task_id, "open": words(OPEN_SUBTASKS), "below": below})
    return [SubtaskCancelled(path=path) for path in sorted(paths)]


async def _end_subtask(session: AsyncSession, transition: TransitionRecord) -> int:
    lock = text("SELECT status, retries FROM tasks WHERE id = :id FOR NO KEY UPDATE")
    task = (await session.execute(lock, {"id": transition.task_id})).one_or_none()
    if task is None or task.status not in OPEN or task.retries > transition.retries:
        # Nothing follows a task's end, and a run that failed is over once its task is tried again.
        return 0
    answer = await _answer_of(session, transition)
    ended = await session.scalar(
        text(
            "UPDATE subtasks SET status = :status, error_code = :code, error = :error, result = :result,"
            " finish_reason = :finish_reason, ended_at = now()"
            " WHERE task_id = :id AND path = :path AND status = ANY(:open) RETURNING 1"
        ),
        {
            "open": words(OPEN_SUBTASKS),
            "id": transition.task_id,
            "path": transition.path,
            "status": transition.status,
            "code": transition.error_code,
            "error": transition.error or None,
            "result": answer.result,
            "finish_reason": answer.finish_reason,
        },
    )
    await in_doubt.leave_behind(session, transition.task_id, transition.path)
    if not ended:
        return 0
    if transition.status == "failed":
        # It isn't done, nor are those below it: its parent may be tried again, and they with it.
        failed = SubtaskFailed(path=transition.path, code=transition.error_code or "failed", message=transition.error)
        return await events.append(session, transition.task_id, failed)
    await session.execute(
        text("UPDATE tasks SET subtasks_done = subtasks_done + 1 WHERE id = :id"), {"id": transition.task_id}
    )
    if transition.status == "completed":
        completed = SubtaskCompleted(
            path=transition.path,
            preview=preview_of(answer.result or ""),
            finish_reason=answer.finish_reason or "stop",
        )
        return await events.append(session, transition.task_id, completed)
    cut_short = await cancel_open_subtasks(session, transition.task_id, below=transition.path)
    skipped = SubtaskSkipped(path=transition.path, code=transition.error_code or "failed", message=transition.error)
    return await events.append(session, transition.task_id, *cut_short, skipped)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A node's result and how it ended; nothing where it has none."""

    result: str | None = None
    finish_reason: FinishReason | None = None


async def _answer_of(session: AsyncSession, transition: TransitionRecord) -> _Answer:
    """Read the answer that a node takes over from its only subtask."""
    if transition.from_child is None:
        return _Answer()
    row = (
        await session.execute(
            text("SELECT result, finish_reason FROM subtasks WHERE task_id = :id AND path = :path"),
            {"id": transition.task_id, "path": transition.from_child},
        )
    ).one()
    return _Answer(row.result, row.finish_reason)


async def _check_completable(session: AsyncSession, transition: TransitionRecord) -> None:
    """Hold an end against the rows: Temporal's word is not enough to call a node completed."""
    lock = text("SELECT status FROM tasks WHERE id = :id FOR NO KEY UPDATE")
    status = await session.scalar(lock, {"id": transition.task_id})
    if status in STOPPED:
        raise RootStopped(transition.task_id)
    if status in OPEN and (missing := await subtasks.unanswered_in(session, transition.task_id, transition.path)):
        raise AnswerMissing(missing)
