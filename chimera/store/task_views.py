"""Views of tasks: a single task, a page of tasks, a task's subtasks, and the sequence of its last event."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Row,
    Text,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, sql_of
from chimera.db.tables import Approval, CallAttempt, Run, Subtask, Task
from chimera.ledger import accounts, admission, pending_approvals
from chimera.ledger.blocked import blocked_calls
from chimera.store.access import IS_TASK, listed_for, noun_of, shared_with
from chimera.store.pages import Place
from models.approvals import ApprovalKind
from models.base import PREVIEW_CHARS
from models.errors import NotFound
from models.ids import NodePath, RunId, TaskId, due_at_of
from models.retries import advice_for
from models.runs import RunKind, RunStatus
from models.shares import Right, Shared, ShareKind
from models.subtasks import SubtaskView
from models.tasks import BudgetView, RunPolicy, TaskView, WaitsFor
from models.usage import Usage
from models.users import Caller
from models.waits import Waiting, budget_wait

AnyRow = Row[*tuple[Any, ...]]

LinkTo = Callable[[TaskId], str]
"""Returns the address of a run in Temporal's Web UI."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """The filter for a list of tasks; `text` is searched for in title and goal."""

    statuses: tuple[RunStatus, ...] = ()
    schedule_id: str | None = None
    text: str | None = None
    agent: str | None = None
    """The name in the run of an agent that works on a subtask."""
    waits_for: WaitsFor | None = None
    shared: Shared | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    status: RunStatus
    last_seq: int
    kind: RunKind = RunKind.TASK


async def view(
    connection: Connection, caller: Caller, task_id: TaskId, link_to: LinkTo, *, with_place: bool = True
) -> TaskView:
    """Return the caller's task, in one round trip, or two while it is queued, running or waiting.

    Pass `with_place=False` for a new task, which has no place in the queue yet. Raises NotFound, also for another
    user's task.
    """
    row = await _found(connection, _ONE, caller, task_id)
    task = _view_of(row, link_to)
    if task.status is RunStatus.QUEUED and row.admitted_at is None and with_place:
        return task.model_copy(update={"queue_place": await admission.place_of(connection, task_id)})
    if task.status is RunStatus.WAITING:
        return task.model_copy(update={"waiting": await wait_of(connection, task_id, row.needs_budget)})
    if task.status is RunStatus.RUNNING:
        return task.model_copy(update={"blocked_by": await blocked_calls(connection, task_id)})
    return task


async def view_within(session: AsyncSession, caller: Caller, task_id: TaskId, link_to: LinkTo) -> TaskView:
    """Return the caller's task as a transaction has changed it, without its place and what it waits for."""
    values = {"task_id": task_id, "caller_id": None if caller.role == "admin" else caller.user_id}
    row = (await session.execute(_WHOLE, values)).one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    return _view_of(row, link_to)


async def page(
    session: AsyncSession,
    caller: Caller,
    link_to: LinkTo,
    *,
    only: TaskFilter,
    newest_first: bool = True,
    after: Place | None = None,
    limit: int,
) -> tuple[list[TaskView], Place | None]:
    """Return up to `limit` tasks after the place `after`, and the place where they end if more follow."""
    key = tuple_(Run.created_at, Run.id)
    conditions = [*_shown_to(caller, only.shared), *_conditions(only)]
    if after is not None:
        conditions.append(key < after if newest_first else key > after)
    order = [Run.created_at.desc(), Run.id.desc()] if newest_first else [Run.created_at, Run.id]
    statement = (
        select(
            *_COLUMNS,
            func.left(Task.goal, PREVIEW_CHARS).label("goal"),
            func.left(Run.result, PREVIEW_CHARS).label("result"),
        )
        .join(Task, Task.run_id == Run.id)
        .where(*conditions)
        .order_by(*order)
        .limit(limit + 1)
    )
    rows = (await session.execute(statement)).all()
    views = [_view_of(row, link_to) for row in rows[:limit]]
    return views, (views[-1].created_at, views[-1].id) if len(rows) > limit else None


async def subtasks(session: AsyncSession, task_id: TaskId) -> tuple[SubtaskView, ...]:
    """Return the subtasks of a task, parents before children and each level in the order of its plan."""
    rows = await session.scalars(
        select(Subtask).where(Subtask.run_id == task_id).order_by(Subtask.parent, Subtask.position)
    )
    return tuple(_subtask_view_of(row) for row in rows)


async def progress(
    connection: Connection, caller: Caller, run_id: RunId, kinds: Collection[RunKind] = (RunKind.TASK,)
) -> Progress:
    """Return the status of the caller's run of one of these kinds, and the sequence of its last event.

    Administrators may follow the tasks of others, but not their replies, which can't be shared either. Raises NotFound,
    also for another user's run.
    """
    values = {
        "run_id": run_id,
        "kinds": sorted(kinds),
        "caller_id": caller.user_id,
        "is_admin": caller.role == "admin",
    }
    row: Any = await (await connection.execute(_PROGRESS, values)).fetchone()
    if row is None:
        raise NotFound(noun_of(next(iter(kinds))), run_id)
    return Progress(RunStatus(row.status), row.event_seq, RunKind(row.kind))


async def wait_of(connection: Connection, task_id: TaskId, needs_budget: bool) -> Waiting | None:
    """Read why a task or a reply waits: for a higher budget, from its newest event about that, or else for people."""
    if not needs_budget:
        return await pending_approvals.wait_of(connection, task_id)
    reached = await accounts.last_reached(connection, task_id)
    if reached is None:
        return None
    return budget_wait(
        task_id, limit=reached.limit, message=reached.message, needed=reached.needed, until=reached.until
    )


async def _found(connection: Connection, statement: str, caller: Caller, task_id: TaskId) -> Any:
    """Return the row of the caller's task. Raises NotFound."""
    values = {"task_id": task_id, "caller_id": None if caller.role == "admin" else caller.user_id}
    row = await (await connection.execute(statement, values)).fetchone()
    if row is None:
        raise NotFound("task", task_id)
    return row


def _shown_to(caller: Caller, shared: Shared | None) -> list[ColumnElement[bool]]:
    return [IS_TASK, Run.deleted_at.is_(None), *listed_for(caller, ShareKind.TASK, shared)]


def _conditions(only: TaskFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if only.statuses:
        conditions.append(Run.status.in_(only.statuses))
    if only.schedule_id is not None:
        conditions.append(Run.schedule_id == only.schedule_id)
    if only.agent is not None:
        conditions.append(exists().where(Subtask.run_id == Run.id, Subtask.agent == only.agent))
    if only.waits_for is not None:
        conditions += _waiting(only.waits_for)
    if only.text:
        conditions.append(
            Task.title.icontains(only.text, autoescape=True) | Task.goal.icontains(only.text, autoescape=True)
        )
    return conditions


def _waiting(waits_for: WaitsFor) -> list[ColumnElement[bool]]:
    if waits_for is WaitsFor.BUDGET:
        return [Run.needs_budget.is_(True), Run.status == RunStatus.WAITING]
    is_question = Approval.kind == ApprovalKind.QUESTION
    pending = exists().where(
        Approval.run_id == Run.id,
        Approval.status == literal_column("'pending'"),
        is_question if waits_for is WaitsFor.QUESTION else not_(is_question),
    )
    # The counter in the row decides first, so the approvals of other tasks aren't read.
    return [Run.approvals_pending > 0, pending]


_NOT_LISTED = frozenset(
    {
        "goal",
        "result",
        "output",
        "output_schema",
        "owner_id",
        "idempotency_key",
        "body_sha256",
        "kind",
        "run_id",
    }
)
"""Columns that no view has, or that lists shorten or omit."""
_COLUMNS = (
    *(column for column in (*Run.__table__.columns, *Task.__table__.columns) if column.name not in _NOT_LISTED),
    exists().where(CallAttempt.run_id == Run.id, CallAttempt.estimated).label("estimated"),
)


_CALLER = bindparam("caller_id", type_=Uuid(as_uuid=False))
_IS_SHARED = shared_with(_CALLER, ShareKind.TASK, Right.VIEW)
_FOUND = (
    Run.id == bindparam("task_id"),
    IS_TASK,
    Run.deleted_at.is_(None),
    # For an administrator, who sees the tasks of all users, `caller_id` is NULL. Shares are looked up only for callers
    # who don't own the task.
    or_(func.coalesce(_CALLER, Run.owner_id) == Run.owner_id, _IS_SHARED),
)
_WHOLE = select(*_COLUMNS, Task.goal, Run.result, Task.output).join(Task, Task.run_id == Run.id).where(*_FOUND)
# Compiled once, for the driver: every response about a task, and each subscription, begins with one of these.
_ONE = sql_of(_WHOLE)
_PROGRESS = sql_of(
    select(Run.status, Run.event_seq, Run.kind).where(
        Run.id == bindparam("run_id"),
        Run.kind == func.any(bindparam("kinds", type_=ARRAY(Text))),
        Run.deleted_at.is_(None),
        or_(
            Run.owner_id == _CALLER,
            and_(IS_TASK, _IS_SHARED),
            and_(IS_TASK, bindparam("is_admin", type_=Boolean())),
        ),
    )
)


def _view_of(row: AnyRow, link_to: LinkTo) -> TaskView:
    task_id, policy = TaskId(str(row.id)), RunPolicy.model_validate(row.policy)
    return TaskView(
        id=task_id,
        title=row.title,
        goal=row.goal,
        status=row.status,
        priority=row.priority,
        model=row.model,
        fallbacks=tuple(row.fallbacks),
        images=tuple(row.images),
        on_failure=policy.on_failure,
        on_truncated=policy.on_truncated,
        subtasks=policy.subtasks,
        simulated=row.simulated,
        budget=budget_of(row),
        spent_micro_usd=row.spent_micro_usd,
        estimated=row.estimated,
        in_doubt_micro_usd=row.in_doubt_micro_usd,
        model_calls=row.model_calls,
        usage=usage_of(row),
        subtasks_total=row.subtasks_total,
        subtasks_done=row.subtasks_done,
        retries=row.retries,
        result=row.result,
        output=getattr(row, "output", None),
        finish_reason=row.finish_reason,
        error_code=row.error_code,
        error=row.error,
        remedy=advice_for(row.error_code) if row.status == RunStatus.FAILED else None,
        approvals_pending=row.approvals_pending,
        metadata=row.metadata,
        last_seq=row.event_seq,
        schedule_id=None if row.schedule_id is None else str(row.schedule_id),
        due_at=due_at_of(row.scheduled_run_id),
        temporal_url=link_to(task_id),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        last_call_at=row.last_call_at,
    )


def budget_of(task: AnyRow | Run) -> BudgetView | None:
    """Return the limits in a task's row, or None if it has none."""
    limits = (task.max_cost_micro_usd, task.max_tokens, task.max_model_calls)
    if limits == (None, None, None):
        return None
    return BudgetView(max_cost_micro_usd=limits[0], max_tokens=limits[1], max_model_calls=limits[2])


def usage_of(row: AnyRow | Run | CallAttempt) -> Usage:
    """Return the tokens in a row: a task's, an attempt's, or a sum of attempts."""
    return Usage(
        input_tokens=int(row.input_tokens),
        cached_input_tokens=int(row.cached_input_tokens),
        cache_write_tokens=int(row.cache_write_tokens),
        output_tokens=int(row.output_tokens),
        reasoning_tokens=int(row.reasoning_tokens),
    )


def _subtask_view_of(row: Subtask) -> SubtaskView:
    return SubtaskView(
        path=NodePath(row.path),
        key=row.key,
        title=row.title,
        agent=row.agent,
        model=row.model,
        status=row.status,
        depends_on=tuple(row.depends_on),
        instruction=row.instruction,
        result=row.result,
        output=row.output,
        finish_reason=row.finish_reason,
        error_code=row.error_code,
        error=row.error,
        turns=row.turns,
        spent_micro_usd=row.spent_micro_usd,
        usage=Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
