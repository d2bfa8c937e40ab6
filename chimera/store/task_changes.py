"""Changes of tasks that have not begun: of everything in a draft, and of a few fields of a queued task."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Run, Subtask, Task
from chimera.ledger import events
from chimera.store.access import locked
from chimera.store.shared_agents import pinned, with_refs
from chimera.store.task_controls import refusal, set_limits
from chimera.store.task_views import budget_of
from chimera.store.tasks import title_of
from models.errors import Forbidden, InvalidInput
from models.events import Event, PlanCreated, RunChanged
from models.ids import ROOT, TaskId, UserId
from models.plans import PlannedSubtask, node_of
from models.runs import RunKind, RunStatus
from models.shares import Right
from models.tasks import RunPolicy, TaskChange, TaskSpec, TaskView
from models.users import Caller

WHILE_QUEUED = frozenset({"title", "priority", "metadata", "budget"})
"""Fields that can still be changed while the task waits for its start."""
BY_EDITORS = frozenset({"title", "priority", "metadata"})
"""Fields that members of a group with the right to edit the task can change."""
_EMPTY_MEANS_NONE = ("plan", "output_schema")

Check = Callable[[AsyncSession, UserId, TaskSpec], Awaitable[Mapping[str, str]]]
"""Raises an error if a task can't run. Returns the `refs` of `tasks.create`."""


async def change(
    session: AsyncSession,
    caller: Caller,
    task_id: TaskId,
    change: TaskChange,
    *,
    check: Check,
    expect: Callable[..., None],
) -> None:
    """Change the caller's task. `expect` gets its `edited_fields`, and raises if they aren't those that it expects.

    Raises Conflict if the task has begun, InvalidInput for a field that can't be changed anymore, and Forbidden
    for one that only the owner can change.
    """
    run = await locked(session, caller, task_id, RunKind.TASK, right=Right.EDIT)
    task = (await session.scalars(select(Task).where(Task.run_id == task_id))).one()
    expect(*_edited_fields(run, task))
    _check_fields(run, caller, change)
    _check_status(run, change)
    fields = {name: getattr(change, name) for name in sorted(change.model_fields_set)}
    given = {name: value for name, value in fields.items() if value is not None}
    owner_id = UserId(run.owner_id)
    spec = _changed_spec(run, task, given)
    refs: Mapping[str, str] = {}
    if not given.keys() <= WHILE_QUEUED:
        refs = await check(session, owner_id, spec)
    new: list[Event] = [RunChanged(fields=tuple(given))]
    if "budget" in given:
        new.append(set_limits(run, given["budget"], within="budget."))
    run.priority = spec.priority
    _write(task, spec, given)
    if "plan" in given:
        plan = with_refs(given["plan"], refs)
        agents = await pinned(session, owner_id, [subtask.agent for subtask in plan])
        task.shared_agents = None if agents.pins is None else dict(agents.pins)
        plan = agents.plan_of(plan)
        await _replace_plan(session, run, plan)
        new.append(PlanCreated(subtasks=tuple(map(node_of, plan))))
    await events.append(session, task_id, *new)


async def expect_state(session: AsyncSession, caller: Caller, task_id: TaskId, expect: Callable[..., None]) -> None:
    """Lock the caller's task, and pass its `edited_fields` to `expect`, which raises if it expects others."""
    run = await locked(session, caller, task_id, RunKind.TASK)
    task = (await session.scalars(select(Task).where(Task.run_id == task_id))).one()
    expect(*_edited_fields(run, task))


def edited_fields(view: TaskView) -> tuple[object, ...]:
    """Return what users edit in a task, without what its run writes."""
    budget = view.budget and (view.budget.max_cost_micro_usd, view.budget.max_tokens, view.budget.max_model_calls)
    return (
        view.id,
        view.status.value,
        view.title,
        view.goal,
        view.model,
        view.fallbacks,
        view.images,
        (view.on_failure.value, view.on_truncated.value, view.subtasks.value),
        budget,
        view.priority,
        view.metadata,
        view.subtasks_total,
    )


def _edited_fields(run: Run, task: Task) -> tuple[object, ...]:
    """Return the same as `edited_fields`, from the rows."""
    policy, limits = RunPolicy.model_validate(task.policy), budget_of(run)
    budget = limits and (limits.max_cost_micro_usd, limits.max_tokens, limits.max_model_calls)
    return (
        run.id,
        run.status,
        task.title,
        task.goal,
        task.model,
        task.fallbacks,
        task.images,
        (policy.on_failure.value, policy.on_truncated.value, policy.subtasks.value),
        budget,
        run.priority,
        task.meta,
        run.subtasks_total,
    )


def _check_fields(run: Run, caller: Caller, change: TaskChange) -> None:
    """Raise Forbidden if a member of a group would change what the task does, or what its owner pays for."""
    fixed = sorted(change.model_fields_set - BY_EDITORS)
    if fixed and caller.role != "admin" and run.owner_id != caller.user_id:
        allowed = ", ".join(sorted(BY_EDITORS))
        raise Forbidden(f"Only a task's owner can change its {fixed[0]}. You can change: {allowed}.")


def _check_status(run: Run, change: TaskChange) -> None:
    if run.status == RunStatus.DRAFT:
        return
    if run.status != RunStatus.QUEUED or run.admitted_at is not None:
        raise refusal(run, "only a task that hasn't begun can be changed")
    fixed = sorted(change.model_fields_set - WHILE_QUEUED)
    if fixed:
        allowed = ", ".join(sorted(WHILE_QUEUED))
        raise InvalidInput(
            fixed[0], f"This field of a queued task can't be changed. Change {allowed}, or create another task."
        )


def _changed_spec(run: Run, task: Task, given: dict[str, Any]) -> TaskSpec:
    """Return the task as it would have been requested, except for its plan if that isn't changed."""
    policy = RunPolicy.model_validate(task.policy)
    fields = {
        "goal": task.goal,
        "title": task.title,
        "model": task.model,
        "fallbacks": tuple(task.fallbacks),
        "images": tuple(task.images),
        "on_failure": policy.on_failure,
        "max_retries": policy.max_retries,
        "on_truncated": policy.on_truncated,
        "subtasks": policy.subtasks,
        "output_schema": task.output_schema,
        "limits": {"max_turns": policy.max_turns, "max_output_tokens": policy.max_output_tokens},
        "priority": run.priority,
        "metadata": task.meta,
    }
    changed = {name: (value or None) if name in _EMPTY_MEANS_NONE else value for name, value in given.items()}
    return TaskSpec.model_validate({**fields, **changed})


def _write(task: Task, spec: TaskSpec, given: dict[str, Any]) -> None:
    task.title, task.goal, task.meta = title_of(spec), spec.goal, spec.metadata
    task.model = spec.model or task.model
    task.fallbacks, task.images = list(spec.fallbacks), [str(file_id) for file_id in spec.images]
    if "output_schema" in given:
        task.output_schema = spec.output_schema
    policy = RunPolicy.model_validate(task.policy).model_copy(
        update={
            "on_failure": spec.on_failure,
            "max_retries": spec.max_retries,
            "max_turns": spec.limits.max_turns,
            "on_truncated": spec.on_truncated,
            "max_output_tokens": spec.limits.max_output_tokens,
            "subtasks": spec.subtasks,
        }
    )
    task.policy = policy.model_dump(mode="json")


async def _replace_plan(session: AsyncSession, run: Run, plan: tuple[PlannedSubtask, ...]) -> None:
    await session.execute(delete(Subtask).where(Subtask.run_id == run.id))
    for position, subtask in enumerate(plan):
        fields = subtask.model_dump(include={"key", "title", "instruction", "agent", "decompose", "output_schema"})
        session.add(
            Subtask(
                run_id=run.id,
                path=subtask.key,
                parent=ROOT,
                position=position,
                depends_on=list(subtask.depends_on),
                **fields,
            )
        )
    run.subtasks_total = len(plan)
    await session.flush()
