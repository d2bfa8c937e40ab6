"""Routes for tasks: accept, show and control tasks. They don't wait for runs to end."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response, status
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import API, ClosedRoute, Parts, WithCaller, WithParts, WithTaskId
from api.etags import ChecksTag, ShowsVersion
from api.idempotency import Keyed, WithKey
from api.paging import MAX_PAGE, Cursor, Limit, WithShared, slice_of
from chimera.db.engine import READ_SECONDS
from chimera.ledger.messages import MessagePlace
from chimera.store import (
    costs,
    estimates,
    files,
    messages,
    retries,
    task_changes,
    task_controls,
    task_views,
    tasks,
    timelines,
    user_limits,
)
from chimera.store.task_changes import edited_fields
from chimera.store.task_views import TaskFilter
from chimera.store.user_limits import OPEN_TASKS_LIMIT
from models.base import AGENT, IDEMPOTENCY_KEY, ORDER, SCHEDULE_ID, Contract
from models.costs import CostView
from models.errors import Conflict, InvalidInput
from models.estimates import TaskEstimate
from models.files import FilePage
from models.ids import NodePath, ScheduleId, TaskId
from models.messages import MessagePage
from models.runs import RunKind, RunStatus
from models.shares import Shared
from models.subtasks import SubtaskPage
from models.tasks import (
    Budget,
    Guidance,
    GuidanceView,
    OnFailure,
    SteerRequest,
    TaskChange,
    TaskPage,
    TaskRetry,
    TaskSpec,
    TaskView,
    WaitsFor,
)
from models.timelines import TimelineView
from models.users import Caller

router = APIRouter(prefix="/tasks", tags=["tasks"], route_class=ClosedRoute)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="Unique key that you choose for the task. If you repeat the request with this key, the API"
        " returns the same task.",
    ),
]


class TaskType(Contract):
    """A way to define a task's subtasks."""

    name: str
    description: str


class TaskTypes(Contract):
    types: tuple[TaskType, ...]
    on_failure: tuple[OnFailure, ...]
    statuses: tuple[RunStatus, ...]


@router.get("/{task_id}", operation_id="get_task")
async def get_task(task_id: WithTaskId, caller: WithCaller, parts: WithParts, tagged: ShowsVersion) -> TaskView:
    """Show a task's state, its cost and, once it has ended, its result or the reason for its failure."""
    view = await _view(parts, caller, task_id)
    tagged.show(*edited_fields(view))
    return view


@router.post("", operation_id="create_task", status_code=status.HTTP_202_ACCEPTED)
async def create_task(
    spec: TaskSpec,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> TaskView:
    """Accept a task. The task is stored before the API responds, so it runs even if processes crash."""
    async with parts.database.begin() as session:
        refs = await parts.checks.task(session, caller.user_id, spec)
        task_id, created = await tasks.create(
            session,
            caller.user_id,
            spec,
            default_model=parts.settings.default_model,
            default_subtasks=parts.settings.subtasks,
            idempotency_key=idempotency_key,
            refs=refs,
        )
        if created:
            await user_limits.check_added(session, caller.user_id, OPEN_TASKS_LIMIT, parts.settings)
    view = await _view(parts, caller, task_id, with_place=not created)
    await parts.failpoints.hit("after_insert")
    if spec.start:
        parts.dispatcher.admit_soon()
    await parts.failpoints.hit("before_response")
    response.headers["Location"] = f"{API}/tasks/{task_id}"
    if not created:
        response.headers["Idempotent-Replayed"] = "true"
    return view


@router.post("/estimate", operation_id="estimate_task")
async def estimate_task(spec: TaskSpec, caller: WithCaller, parts: WithParts) -> TaskEstimate:
    """Estimate the model calls, cost and duration of a task before you create it. The request isn't stored.

    It is checked like a new task. The estimate is based on your similar tasks, or else on the prices of the models.
    """
    async with parts.database.begin() as session:
        refs = await parts.checks.task(session, caller.user_id, spec)
        return await estimates.estimate(session, caller.user_id, spec, refs, parts.settings)


class TaskQuery(Contract):
    """Filters and sort order for a list of tasks."""

    statuses: tuple[RunStatus, ...]
    schedule_id: ScheduleId | None
    q: str | None
    agent: str | None
    waits_for: WaitsFor | None
    newest_first: bool
    shared: Shared | None


async def _task_query(
    status: Annotated[
        list[RunStatus] | None,
        Query(description="Return only tasks in this state. To select several states, repeat the parameter."),
    ] = None,
    schedule_id: Annotated[
        str | None, Query(pattern=SCHEDULE_ID, description="Return only tasks created by this schedule")
    ] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Return only tasks whose title or goal contains this text")
    ] = None,
    agent: Annotated[
        str | None,
        Query(
            max_length=60,
            pattern=AGENT,
            description="Return only tasks with a subtask of the agent with this name. For an agent that others share"
            " with you, the tasks may contain its ID.",
        ),
    ] = None,
    waits_for: Annotated[
        WaitsFor | None, Query(description="Return only tasks that wait for this: a decision, an answer or a budget")
    ] = None,
    shared: WithShared = None,
    sort: Annotated[
        str, Query(pattern=ORDER, description="Sort order: `-created_at` (newest first) or `created_at` (oldest first)")
    ] = ("-created_at"),
) -> TaskQuery:
    if q is not None and "\0" in q:
        raise InvalidInput("q", "The search text contains a NUL character. Remove it.")
    return TaskQuery(
        statuses=tuple(sorted(set(status or ()))),
        schedule_id=ScheduleId(schedule_id) if schedule_id else None,
        q=q or None,
        agent=agent,
        waits_for=waits_for,
        newest_first=sort.startswith("-"),
        shared=shared,
    )


@router.get("", operation_id="list_tasks")
async def list_tasks(
    caller: WithCaller,
    parts: WithParts,
    query: Annotated[TaskQuery, Depends(_task_query)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TaskPage:
    """List your tasks, newest first. Administrators see all users' tasks."""
    list_name = f"tasks {caller.user_id} {query.model_dump_json()}"
    async with parts.database.begin() as session:
        views, place = await task_views.page(
            session,
            caller,
            parts.temporal.ui_url,
            only=TaskFilter(
                statuses=query.statuses,
                schedule_id=query.schedule_id,
                text=query.q,
                agent=query.agent,
                waits_for=query.waits_for,
                shared=query.shared,
            ),
            newest_first=query.newest_first,
            after=parts.cursors.open(cursor, list_name) if cursor else None,
            limit=limit,
        )
    return TaskPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.get("/types/available", operation_id="list_task_types")
async def list_task_types() -> TaskTypes:
    """List the ways to define subtasks, the policies for failed subtasks and the task states."""
    return TaskTypes(
        types=(
            TaskType(name="planned", description="A planner splits the goal into subtasks."),
            TaskType(name="given", description="You provide the subtasks in 'plan'."),
        ),
        on_failure=tuple(OnFailure),
        statuses=tuple(RunStatus),
    )


@router.get("/{task_id}/subtasks", operation_id="list_subtasks")
async def list_subtasks(
    task_id: WithTaskId, caller: WithCaller, parts: WithParts, limit: Limit = MAX_PAGE, cursor: Cursor = None
) -> SubtaskPage:
    """List a task's subtasks, with parents before their children."""
    await parts.hub.progress(caller, task_id)
    async with parts.database.begin() as session:
        found = await task_views.subtasks(session, task_id)
    of = f"subtasks {caller.user_id} {task_id}"
    places = {subtask.path: place for place, subtask in enumerate(found)}
    items, following = slice_of(
        parts.cursors, found, lambda subtask: [places[subtask.path]], of=of, cursor=cursor, limit=limit
    )
    return SubtaskPage(items=items, next_cursor=following)


@router.get("/{task_id}/cost", operation_id="get_task_cost")
async def get_task_cost(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> CostView:
    """Return a task's cost and every attempt at its model calls. This works even after the task has been deleted."""
    async with parts.database.begin() as session:
        return await costs.cost_of(session, caller, task_id)


@router.get("/{task_id}/messages", operation_id="list_task_messages")
async def list_task_messages(
    task_id: WithTaskId,
    caller: WithCaller,
    parts: WithParts,
    path: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Path of the subtask whose messages are listed. An empty path selects the task's own calls.",
        ),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MessagePage:
    """List the messages of one of your tasks, subtask by subtask: prompts, replies, tool calls and tool results.

    A page contains at most 1 MiB of messages, unless a single message is larger.
    """
    node = None if path is None else NodePath(path)
    list_name = f"messages {caller.user_id} {task_id} {path!r}"
    after = MessagePlace(*from_json(parts.cursors.open_text(cursor, list_name))) if cursor else None
    async with parts.database.begin() as session:
        views, place = await messages.page(session, caller, task_id, path=node, after=after, limit=limit)
    sealed = parts.cursors.seal_text(to_json(place).decode(), list_name) if place else None
    return MessagePage(items=tuple(views), next_cursor=sealed)


@router.get("/{task_id}/files", operation_id="list_task_files")
async def list_task_files(
    task_id: WithTaskId,
    caller: WithCaller,
    parts: WithParts,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> FilePage:
    """List the files that a task's agents and tools have written, newest first."""
    list_name = f"task files {caller.user_id} {task_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await files.page_of_task(session, caller, task_id, after=after, limit=limit)
    return FilePage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.get("/{task_id}/timeline", operation_id="get_task_timeline")
async def get_task_timeline(
    task_id: WithTaskId,
    caller: WithCaller,
    parts: WithParts,
    path: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Path of the only subtask whose spans are returned. An empty path selects those of the task"
            " itself.",
        ),
    ] = None,
) -> TimelineView:
    """Return a timeline that shows when a task and its subtasks, model calls and tool calls began and ended.

    The span of a model call is one attempt, with its tokens, cost and outcome.
    """
    async with parts.database.begin() as session:
        return await timelines.timeline_of(session, caller, task_id, None if path is None else NodePath(path))


@router.post("/{task_id}/execute", operation_id="execute_task", status_code=status.HTTP_202_ACCEPTED)
async def execute_task(task_id: WithTaskId, caller: WithCaller, parts: WithParts, keyed: WithKey) -> TaskView:
    """Start a task that was created with `start: false`."""
    async with parts.database.begin() as session:
        await task_controls.execute(session, caller, task_id)
        await _keep(session, parts, caller, task_id, keyed)
    return await _announced(parts, caller, task_id)


@router.post("/{task_id}/cancel", operation_id="cancel_task", status_code=status.HTTP_202_ACCEPTED)
async def cancel_task(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> TaskView:
    """Cancel a task. Once the API has responded, the task starts no new model calls."""
    async with parts.database.begin() as session:
        await task_controls.cancel(session, caller, task_id, RunKind.TASK)
    return await _announced(parts, caller, task_id)


@router.post("/{task_id}/pause", operation_id="pause_task", status_code=status.HTTP_202_ACCEPTED)
async def pause_task(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> TaskView:
    """Pause a task. Model calls in flight finish, but no new ones start."""
    async with parts.database.begin() as session:
        await task_controls.pause(session, caller, task_id)
    return await _announced(parts, caller, task_id)


@router.post("/{task_id}/resume", operation_id="resume_task", status_code=status.HTTP_202_ACCEPTED)
async def resume_task(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> TaskView:
    """Resume a paused task."""
    async with parts.database.begin() as session:
        await task_controls.resume(session, caller, task_id)
    return await _announced(parts, caller, task_id)


@router.post("/{task_id}/retry", operation_id="retry_task", status_code=status.HTTP_202_ACCEPTED)
async def retry_task(
    task_id: WithTaskId, caller: WithCaller, parts: WithParts, keyed: WithKey, wish: TaskRetry | None = None
) -> TaskView:
    """Retry a failed task from the point where it failed. Finished calls aren't repeated or paid for again."""
    wish = wish or TaskRetry()
    if wish.model is not None:
        await parts.checks.models.check(wish.model)
    async with parts.database.begin() as session:
        owner_id = await retries.retry(session, caller, task_id, wish)
        await user_limits.check_added(session, owner_id, OPEN_TASKS_LIMIT, parts.settings)
        await _keep(session, parts, caller, task_id, keyed)
    return await _announced(parts, caller, task_id)


@router.post("/{task_id}/budget", operation_id="raise_task_budget", status_code=status.HTTP_202_ACCEPTED)
async def raise_task_budget(task_id: WithTaskId, budget: Budget, caller: WithCaller, parts: WithParts) -> TaskView:
    """Change a task's budget limits. A task that is waiting for a higher budget continues where it stopped."""
    async with parts.database.begin() as session:
        await task_controls.raise_budget(session, caller, task_id, budget)
    return await _announced(parts, caller, task_id)


@router.post("/{task_id}/steer", operation_id="steer_task")
async def steer_task(
    task_id: WithTaskId, guidance: Guidance, caller: WithCaller, parts: WithParts, keyed: WithKey
) -> GuidanceView:
    """Add guidance to a task's next model calls. The response lists the running subtasks that receive the guidance."""
    async with parts.database.begin() as session:
        given = await task_controls.steer(session, caller, task_id, guidance)
        stored = GuidanceView(guidance_id=given.guidance_id, path=guidance.path, received=False, reaches=())
        await keyed.made(session, stored, status.HTTP_200_OK)
    parts.bus.wake(task_id, given.seq)
    request = SteerRequest(guidance_id=given.guidance_id, path=guidance.path, interrupt=guidance.interrupt)
    try:
        receipt = await parts.temporal.steer(task_id, request)
    except Conflict:
        async with parts.database.begin() as session:
            await task_controls.withdraw(session, given.guidance_id)
        raise
    return GuidanceView(
        guidance_id=given.guidance_id,
        path=guidance.path,
        received=receipt is not None,
        # A run learns of a subtask's end a moment later, so its receipt may contain ended subtasks.
        reaches=tuple(path for path in receipt.reaches if path in given.open_subtasks) if receipt else (),
    )


@router.put("/{task_id}", operation_id="change_task")
async def change_task(
    task_id: WithTaskId, change: TaskChange, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> TaskView:
    """Change a task that hasn't begun. Omitted fields keep their values.

    All fields of a draft can be changed, and `title`, `priority`, `metadata` and `budget` of a queued task.
    """
    async with parts.database.begin() as session:
        await task_changes.change(session, caller, task_id, change, check=parts.checks.task, expect=tagged.check)
    view = await _announced(parts, caller, task_id)
    tagged.show(*edited_fields(view))
    return view


@router.delete("/{task_id}", operation_id="delete_task", status_code=status.HTTP_204_NO_CONTENT)
async def delete_task(task_id: WithTaskId, caller: WithCaller, parts: WithParts, tagged: ChecksTag) -> None:
    """Delete a task that has ended, along with its runs in Temporal. Its cost records are kept, without any content."""
    async with parts.database.begin() as session:
        await task_changes.expect_state(session, caller, task_id, tagged.check)
        await tasks.delete(session, caller, task_id)
    parts.dispatcher.deliver_soon(task_id)


async def _keep(session: AsyncSession, parts: Parts, caller: Caller, task_id: TaskId, keyed: Keyed) -> None:
    """Keep the answer to a request with a key, in the transaction that changes the task."""
    if keyed.claimed is not None:
        view = await task_views.view_within(session, caller, task_id, parts.temporal.ui_url)
        await keyed.made(session, view, status.HTTP_202_ACCEPTED)


async def _announced(parts: Parts, caller: Caller, task_id: TaskId) -> TaskView:
    """Return the task's state. In the background, notify the run and the clients that follow it."""
    parts.dispatcher.deliver_soon(task_id)
    view = await _view(parts, caller, task_id)
    parts.bus.wake(task_id, view.last_seq)
    return view


async def _view(parts: Parts, caller: Caller, task_id: TaskId, *, with_place: bool = True) -> TaskView:
    async with parts.database.statements(READ_SECONDS) as connection:
        return await task_views.view(connection, caller, task_id, parts.temporal.ui_url, with_place=with_place)
