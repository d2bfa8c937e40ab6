"""Timelines of tasks: the spans of a task, its subtasks, its attempts at model calls, and its tool calls."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chimera.db.tables import CallAttempt, EventRow, Run, Subtask, Task, ToolCall
from chimera.store.access import open_to
from chimera.store.costs import finish_reason_of
from chimera.store.task_views import usage_of
from models.errors import NotFound
from models.ids import ROOT, NodePath, TaskId
from models.model_calls import AttemptStatus
from models.shares import ShareKind
from models.timelines import MAX_SPANS, Span, TimelineView
from models.usage import Usage
from models.users import Caller

_Call = tuple[str, str, int]
"""The path, the purpose and the step of a model call."""


async def timeline_of(
    session: AsyncSession, caller: Caller, task_id: TaskId, path: NodePath | None = None
) -> TimelineView:
    """Return the spans of the caller's task, or of one node of it, in order of their start. Raises NotFound."""
    statement = select(Run, Task.title).outerjoin(Task, Task.run_id == Run.id)
    row = (
        await session.execute(
            statement.where(Run.id == task_id, Run.deleted_at.is_(None), *open_to(caller, ShareKind.TASK))
        )
    ).one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    spans = [
        *(_run_span(row.Run, row.title) if path in (None, ROOT) else ()),
        *await _subtask_spans(session, task_id, path),
        *await _model_call_spans(session, task_id, path),
        *await _tool_call_spans(session, task_id, path),
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
            simulated=run.simulated,
            usage=usage_of(run),
            cost_micro_usd=run.spent_micro_usd,
            in_doubt_micro_usd=run.in_doubt_micro_usd,
            finish_reason=run.finish_reason,
            error_code=run.error_code,
            queued_at=run.created_at,
            started_at=run.started_at,
            ended_at=run.ended_at,
        )
    ]


def _at(path: NodePath | None, column: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    return [] if path is None else [column == path]


async def _subtask_spans(session: AsyncSession, task_id: TaskId, path: NodePath | None) -> list[Span]:
    rows = await session.scalars(
        select(Subtask).where(Subtask.run_id == task_id, Subtask.started_at.is_not(None), *_at(path, Subtask.path))
    )
    return [
        Span(
            kind="subtask",
            path=NodePath(row.path),
            label=row.title or row.key,
            status=row.status,
            agent=row.agent,
            usage=Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens),
            cost_micro_usd=row.spent_micro_usd,
            finish_reason=row.finish_reason,
            error_code=row.error_code,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in rows
        if row.started_at is not None
    ]


async def _model_call_spans(session: AsyncSession, task_id: TaskId, path: NodePath | None) -> list[Span]:
    rows = (
        await session.execute(
            select(CallAttempt, finish_reason_of())
            .where(CallAttempt.run_id == task_id, *_at(path, CallAttempt.path))
            .order_by(CallAttempt.started_at)
            .limit(MAX_SPANS + 1)
        )
    ).all()
    waits = await _waits(session, task_id)
    ended: dict[_Call, datetime] = {}
    spans = []
    for row, finish_reason in rows:
        call = (row.path, row.purpose, row.step)
        in_doubt = row.status == AttemptStatus.IN_DOUBT
        spans.append(
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
                simulated=row.simulated,
                usage=usage_of(row),
                cost_micro_usd=row.cost_micro_usd,
                in_doubt_micro_usd=row.reserved_micro_usd if in_doubt else 0,
                estimated=row.estimated,
                finish_reason=finish_reason,
                error_code=row.error_code,
                queued_at=_queued_at(waits[call], ended.get(call), row.started_at),
                started_at=row.started_at,
                first_token_at=_later(row.started_at, row.first_token_ms),
                ended_at=row.ended_at,
            )
        )
        ended[call] = row.ended_at or row.started_at
    return spans


async def _waits(session: AsyncSession, task_id: TaskId) -> Mapping[_Call, Sequence[datetime]]:
    """Return when each model call began to wait for its provider, oldest first."""
    path, purpose, step = (EventRow.payload[name] for name in ("path", "purpose", "step"))
    rows = await session.execute(
        select(EventRow.at, path.astext, purpose.astext, step.as_integer())
        .where(EventRow.run_id == task_id, EventRow.payload["type"].astext == "model_call.waiting")
        .order_by(EventRow.seq)
        .limit(MAX_SPANS)
    )
    waits: defaultdict[_Call, list[datetime]] = defaultdict(list)
    for at, *call in rows:
        waits[call[0], call[1], call[2]].append(at)
    return waits


def _queued_at(waits: Sequence[datetime], after: datetime | None, before: datetime) -> datetime | None:
    """Return the first wait between the end of the attempt before and the start of this one."""
    return next((at for at in waits if at <= before and (after is None or at >= after)), None)


def _later(start: datetime, ms: int | None) -> datetime | None:
    return None if ms is None else start + timedelta(milliseconds=ms)


async def _tool_call_spans(session: AsyncSession, task_id: TaskId, path: NodePath | None) -> list[Span]:
    rows = await session.scalars(
        select(ToolCall)
        .where(ToolCall.run_id == task_id, *_at(path, ToolCall.path))
        .order_by(ToolCall.started_at)
        .limit(MAX_SPANS + 1)
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
