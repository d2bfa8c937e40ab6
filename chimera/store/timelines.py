"""Timelines of tasks: the spans of a task, its subtasks, its attempts at model calls, and its tool calls."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import CallAttempt, Run, Subtask, Task, ToolCall
from chimera.store.access import open_to
from chimera.store.costs import finish_reason_of
from models.errors import NotFound
from models.ids import ROOT, NodePath, TaskId
from models.shares import ShareKind
from models.timelines import MAX_SPANS, Span, TimelineView
from models.users import Caller


async def timeline_of(session: AsyncSession, caller: Caller, task_id: TaskId) -> TimelineView:
    """Return the spans of the caller's task in order of their start. Raises NotFound."""
    statement = select(Run, Task.title).outerjoin(Task, Task.run_id == Run.id)
    row = (
        await session.execute(
            statement.where(Run.id == task_id, Run.deleted_at.is_(None), *open_to(caller, ShareKind.TASK))
        )
    ).one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    spans = [
        *_run_span(row.Run, row.title),
        *await _subtask_spans(session, task_id),
        *await _model_call_spans(session, task_id),
        *await _tool_call_spans(session, task_id),
    ]
    spans.sort(key=lambda span: (span.started_at, span.path))
    return TimelineView(spans=tuple(spans[:MAX_SPANS]), complete=len(spans) <= MAX_SPANS)


def _run_span(run: Run, title: str | None) -> list[Span]:
    if run.started_at is None:
        return []
    return [
        Span(
            kind="task",
            path=ROOT,
            label=title or run.kind,
            status=run.status,
            started_at=run.started_at,
            ended_at=run.ended_at,
        )
    ]


async def _subtask_spans(session: AsyncSession, task_id: TaskId) -> list[Span]:
    rows = await session.scalars(select(Subtask).where(Subtask.run_id == task_id, Subtask.started_at.is_not(None)))
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
        select(CallAttempt, finish_reason_of())
        .where(CallAttempt.run_id == task_id)
        .order_by(CallAttempt.started_at)
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
            agent=row.agent,
            agent_version=row.agent_version,
            finish_reason=finish_reason,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row, finish_reason in rows
    ]


async def _tool_call_spans(session: AsyncSession, task_id: TaskId) -> list[Span]:
    rows = await session.scalars(
        select(ToolCall).where(ToolCall.run_id == task_id).order_by(ToolCall.started_at).limit(MAX_SPANS + 1)
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
