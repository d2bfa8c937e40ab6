"""Accepting tasks, once per idempotency key, and deleting them.

The controls of existing tasks are in `task_controls.py`, and their views in `task_views.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content.fingerprints import fingerprint_of, older_fingerprint_of
from chimera.db.tables import Run, Task
from chimera.ledger import outbox
from chimera.ledger.acceptance import NewRun, NewTask, accept_task
from chimera.store import contents
from chimera.store.access import locked
from chimera.store.shared_agents import pinned, with_refs
from models.base import preview_of
from models.errors import Conflict, IdempotencyKeyReused
from models.events import Event, PlanCreated, RunAccepted
from models.ids import ScheduleId, TaskId, UserId
from models.plans import PlannedSubtask, node_of
from models.remedies import Action, Remedy
from models.runs import OPEN, RunKind, RunStatus
from models.tasks import RunPolicy, SubtaskMode, TaskSpec
from models.users import Caller

TITLE_CHARS = 80
_EMPTY: dict[str, Any] = {
    "title": "",
    "goal": "",
    "images": [],
    "meta": {},
    "output": None,
    "output_schema": None,
    "shared_agents": None,
}
"""The content of a deleted task."""


async def create(
    session: AsyncSession,
    owner_id: UserId,
    spec: TaskSpec,
    *,
    default_model: str,
    default_subtasks: SubtaskMode = SubtaskMode.CHILD,
    idempotency_key: str | None = None,
    fingerprint: str | None = None,
    schedule_id: ScheduleId | None = None,
    scheduled_run_id: str | None = None,
    refs: Mapping[str, str] = MappingProxyType({}),
) -> tuple[TaskId, bool]:
    """Accept a task; return its id and whether it is new. The same key or scheduled run returns the same id again.

    A task that is to start gets its outbox entry in the same transaction, except for a schedule's task, which is
    started by the workflow that requested it. `fingerprint` replaces that of `spec`, if a request had another body.
    `refs` are the names or IDs that replace those that a user has written in the plan (`shared_agents.with_refs`).
    Raises IdempotencyKeyReused if the key was used before with a different body, and Conflict if the key's task was
    deleted.
    """
    agents = await pinned(session, owner_id, [refs.get(each.agent, each.agent) for each in spec.plan or ()])
    plan = None if spec.plan is None else agents.plan_of(with_refs(spec.plan, refs))
    run = NewRun(
        owner_id=owner_id,
        kind=RunKind.TASK,
        status=RunStatus.QUEUED if spec.start else RunStatus.DRAFT,
        starts=spec.start and scheduled_run_id is None,
        body_sha256=fingerprint or fingerprint_of(spec),
        idempotency_key=idempotency_key,
        events=_beginning_of(plan),
        priority=spec.priority,
        budget=spec.budget,
        schedule_id=schedule_id,
        scheduled_run_id=scheduled_run_id,
    )
    task = NewTask(
        title=title_of(spec),
        goal=spec.goal,
        model=spec.model or default_model,
        fallbacks=spec.fallbacks,
        images=[str(file_id) for file_id in spec.images],
        policy=_policy_of(spec, default_subtasks),
        metadata=spec.metadata,
        plan=plan or (),
        output_schema=spec.output_schema,
        shared_agents=agents.pins,
    )
    task_id = await accept_task(session, run, task)
    if task_id is None:
        return await _accepted_before(session, owner_id, spec, idempotency_key, scheduled_run_id, fingerprint), False
    return TaskId(task_id), True


def title_of(spec: TaskSpec) -> str:
    """Return a task's title, by default the beginning of its goal."""
    return spec.title or preview_of(spec.goal.splitlines()[0], TITLE_CHARS)


async def delete(session: AsyncSession, caller: Caller, task_id: TaskId) -> None:
    """Delete a task's content and keep its cost. Raises Conflict while the task is open."""
    task = await locked(session, caller, task_id, RunKind.TASK)
    if task.status in OPEN:
        if task.status == RunStatus.CANCELLING:
            raise Conflict(f"The task is {task.status}. Retry after it has ended.")
        raise Conflict(
            f"The task is {task.status}. Cancel it first.",
            remedy=Remedy(action=Action.CANCEL_TASK, target=task_id),
        )
    if task.status == RunStatus.DRAFT:
        # The draft will never run, so its owner has room for another task.
        task.status, task.ended_at = RunStatus.CANCELLED, datetime.now(UTC)
        await session.flush()
    await contents.delete_of(session, task_id)
    await session.execute(update(Task).where(Task.run_id == task_id).values(**_EMPTY))
    await outbox.enqueue(session, task_id, "forget")


async def _accepted_before(
    session: AsyncSession,
    owner_id: UserId,
    spec: TaskSpec,
    key: str | None,
    scheduled_run_id: str | None,
    fingerprint: str | None,
) -> TaskId:
    same = (
        Run.scheduled_run_id == scheduled_run_id
        if key is None
        else (Run.owner_id == owner_id) & (Run.idempotency_key == key)
    )
    row = (await session.execute(select(Run.id, Run.body_sha256, Run.deleted_at).where(same))).one()
    same_bodies = (fingerprint,) if fingerprint else (fingerprint_of(spec), older_fingerprint_of(spec))
    if row.body_sha256 not in same_bodies:
        raise IdempotencyKeyReused(key or "")
    if row.deleted_at is not None:
        raise Conflict("The task with this Idempotency-Key was deleted. Use a new key for a new task.")
    return TaskId(row.id)


def _beginning_of(plan: Sequence[PlannedSubtask] | None) -> tuple[Event, ...]:
    if plan is None:
        return (RunAccepted(),)
    return RunAccepted(), PlanCreated(subtasks=tuple(node_of(subtask) for subtask in plan))


def _policy_of(spec: TaskSpec, default_subtasks: SubtaskMode) -> RunPolicy:
    return RunPolicy(
        on_failure=spec.on_failure,
        max_retries=spec.max_retries,
        max_turns=spec.limits.max_turns,
        on_truncated=spec.on_truncated,
        max_output_tokens=spec.limits.max_output_tokens,
        subtasks=spec.subtasks or default_subtasks,
    )
