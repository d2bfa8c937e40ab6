"""When what happened in a task: spans of the task, its subtasks, the attempts at models, and tools."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.costs import finish_reason_of
from chimera.db.tables import ModelCallAttempt, Subtask, Task, ToolCall
from models.errors import NotFound
from models.ids import ROOT, NodePath, TaskId
from models.timelines import MAX_SPANS, Span, TimelineView


async def timeline_of(session: AsyncSession, task_id: TaskId) -> TimelineView:
    """Return a task's spans in order of their start; doesn't ask who is asking. Raises NotFound."""
    task = await session.scalar(select(Task).where(Task.id == task_id, Task.deleted_at.is_(None)))
    if task is None:
        raise NotFound("task", task_id)
    spans = [
        *_task_span(task),
        *await _subtask_spans(session, task_id),
        *await _model_call_spans(session, task_id),
        *await _tool_call_spans(session, task_id),
    ]
    spans.sort(key=lambda span: (span.started_at, span.path))
    return TimelineView(spans=tuple(spans[:MAX_SPANS]), complete=len(spans) <= MAX_SPANS)


def _task_span(task: Task) -> list[Span]:
    if task.started_at is None:
        return []
    return [
        Span(
            kind="task",
            path=ROOT,
            label=task.title,
            status=task.status,
            started_at=task.started_at,
            ended_at=task.ended_at,
        )
    ]


async def _subtask_spans(session: AsyncSession, task_id: TaskId) -> list[Span]:
    rows = await session.scalars(select(Subtask).where(Subtask.task_id == task_id, Subtask.started_at.is_not(None)))
    return [
        Span(
            kind="subtask",
            path=NodePath(row.path),
            label=row.title or row.key,
            status=row.status,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in rows
        if row.started_at is not None
    ]


async def _model_call_spans(session: AsyncSession, task_id: TaskId) -> list[Span]:
    rows = await session.execute(
        select(ModelCallAttempt, finish_reason_of())
        .where(ModelCallAttempt.task_id == task_id)
        .order_by(ModelCallAttempt.started_at)
        .limit(MAX_SPANS + 1)
    )
    return [
        Span(
            kind="model_call",
            path=NodePath(row.path),
            label=row.model,
            status=row.status,
            purpose=row.purpose,
            step=row.step,
            attempt=row.attempt,
            finish_reason=finish_reason,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row, finish_reason in rows
    ]


async def _tool_call_spans(session: AsyncSession, task_id: TaskId) -> list[Span]:
    rows = await session.scalars(
        select(ToolCall).where(ToolCall.task_id == task_id).order_by(ToolCall.started_at).limit(MAX_SPANS + 1)
    )
    return [
        Span(
            kind="tool_call",
            path=NodePath(row.path),
            label=row.tool,
            status="failed" if row.failed else row.status,
            step=row.step,
            index=row.index,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]
