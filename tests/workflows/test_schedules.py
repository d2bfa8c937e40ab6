"""Schedules as Temporal runs them: each due run creates its task, once, and keeps the schedule up to date."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import RowMapping, text, update
from temporalio.client import ScheduleActionStartWorkflow, ScheduleUpdate, ScheduleUpdateInput, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from chimera.db.tables import Schedule, User
from chimera.store import agents, task_views
from chimera.store import schedules as rows
from chimera.store.task_views import TaskFilter
from chimera.temporal.calendars import fingerprint_of, spec_of
from chimera.temporal.schedules import Schedules
from models.agents import AgentSpec
from models.due_times import times_between
from models.ids import ScheduleId, UserId, schedule_workflow_id
from models.runs import CLOSED
from models.schedules import BackfillOverlap, ScheduledRunInput, ScheduledRunResult, ScheduleSpec
from models.tasks import SubtaskMode
from models.users import Caller
from tests.runs import MODEL, Runs, new_user
from tests.until import until_true

MODES = [SubtaskMode.CHILD]
RARE = "0 0 1 1 *"
GOAL = "Say a word. [[sim: tokens=5]]"


async def _new(runs: Runs, **fields: Any) -> tuple[ScheduleId, ScheduleSpec, Schedules]:
    """Create a schedule as the API does. It is paused, so that it runs only when a test requests it."""
    plan = [{"key": "a", "instruction": GOAL, "agent": "writer"}]
    task = {"goal": "Report.", "model": MODEL, "plan": plan}
    body = {"name": "Morning", "task": task, "cron": RARE, "paused": True} | fields
    spec = ScheduleSpec.model_validate(body)
    temporal = Schedules(runs.settings, runs.temporal)
    async with runs.database.begin() as session:
        schedule = await rows.create(session, runs.caller.user_id, spec)
        schedule_id = ScheduleId(schedule.id)
    await temporal.create(schedule_id, runs.caller.user_id, spec)
    return schedule_id, spec, temporal


async def _tasks(runs: Runs, schedule_id: ScheduleId) -> Sequence[RowMapping]:
    query = text("SELECT * FROM runs WHERE schedule_id = :id ORDER BY scheduled_run_id")
    async with runs.database.begin() as session:
        return (await session.execute(query, {"id": schedule_id})).mappings().all()


async def _ended(runs: Runs, schedule_id: ScheduleId, count: int) -> Sequence[RowMapping]:
    """Wait until there are this many tasks, all of which have ended."""

    async def have_ended() -> bool:
        tasks = await _tasks(runs, schedule_id)
        return len(tasks) == count and all(task["status"] in CLOSED for task in tasks)

    await until_true(have_ended)
    return await _tasks(runs, schedule_id)


async def _described(runs: Runs, schedule_id: ScheduleId) -> Any:
    client = await runs.temporal.client()
    return await client.get_schedule_handle(schedule_workflow_id(schedule_id)).describe()


async def _results(runs: Runs, schedule_id: ScheduleId, count: int) -> list[Any]:
    """Wait until Temporal has started this many runs; return how each has ended, in the order of their starts."""
    client = await runs.temporal.client()

    async def have_run() -> bool:
        described = await _described(runs, schedule_id)
        return bool(described.info.num_actions >= count and not described.info.running_actions)

    await until_true(have_run)
    described = await _described(runs, schedule_id)
    results = []
    for action in described.info.recent_actions[-count:]:
        run = action.action
        handle = client.get_workflow_handle(run.workflow_id, run_id=run.first_execution_run_id)
        try:
            results.append((await handle.result())["status"])
        except WorkflowFailureError as error:
            cause: Any = error.cause
            while cause.__cause__ is not None:
                cause = cause.__cause__
            assert isinstance(cause, ApplicationError)
            results.append(cause.type)
    return results


async def test_a_backfill_makes_each_time_once(runs: Runs) -> None:
    schedule_id, spec, temporal = await _new(runs, cron="0 * * * *")
    end = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)
    due = times_between(spec, end - timedelta(hours=3), end, most=10)
    assert len(due) == 3

    await temporal.backfill(schedule_id, due, BackfillOverlap.BUFFER_ALL)
    tasks = await _ended(runs, schedule_id, 3)
    ids = [f"{schedule_workflow_id(schedule_id)}-{at:%Y-%m-%dT%H:%M:%SZ}" for at in due]
    assert [task["scheduled_run_id"] for task in tasks] == ids
    async with runs.database.begin() as session:
        views, _ = await task_views.page(
            session, runs.caller, runs.temporal.ui_url, only=TaskFilter(schedule_id=schedule_id), limit=10
        )
    assert sorted(view.due_at for view in views if view.due_at) == due
    assert await _results(runs, schedule_id, 3) == ["completed"] * 3

    earlier = times_between(spec, end - timedelta(hours=4), end, most=10)
    await temporal.backfill(schedule_id, earlier, BackfillOverlap.ALLOW_ALL)
    again = await _ended(runs, schedule_id, 4)
    assert {task["id"] for task in tasks} < {task["id"] for task in again}
    assert sorted(await _results(runs, schedule_id, 7)) == ["completed"] * 4 + ["made_before"] * 3
    # No model was called again for tasks created earlier.
    assert [len(await runs.attempts(task["id"])) for task in again] == [1] * 4


async def test_a_backfill_of_a_changed_schedule_makes_nothing_twice(runs: Runs) -> None:
    schedule_id, spec, temporal = await _new(runs, cron="0 * * * *")
    due = times_between(spec, datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC), most=1)
    await temporal.backfill(schedule_id, due, BackfillOverlap.BUFFER_ALL)
    await _ended(runs, schedule_id, 1)
    changed = spec.model_copy(update={"task": spec.task.model_copy(update={"goal": "Another."})})
    async with runs.database.begin() as session:
        schedule = await rows.one(session, runs.caller, schedule_id, lock=True)
        rows.replace(schedule, changed)
    await temporal.replace(schedule_id, runs.caller.user_id, changed, paused=True)
    await temporal.backfill(schedule_id, due, BackfillOverlap.BUFFER_ALL)
    assert await _results(runs, schedule_id, 2) == ["completed", "made_before"]
    assert len(await _tasks(runs, schedule_id)) == 1


async def test_a_run_ended_in_temporal_is_not_restarted(runs: Runs) -> None:
    schedule_id, spec, temporal = await _new(runs, cron="0 * * * *")
    due = times_between(spec, datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC), most=1)
    await temporal.backfill(schedule_id, due, BackfillOverlap.BUFFER_ALL)
    task = (await _ended(runs, schedule_id, 1))[0]
    async with runs.database.begin() as session:
        reopened = text("UPDATE runs SET status = 'running', ended_at = NULL WHERE id = :id")
        await session.execute(reopened, {"id": task["id"]})
    await temporal.backfill(schedule_id, due, BackfillOverlap.BUFFER_ALL)
    assert await _results(runs, schedule_id, 2) == ["completed", "made_before"]
    assert len(await runs.attempts(task["id"])) == 1


async def test_the_doubled_hour_is_backfilled_once(runs: Runs) -> None:
    schedule_id, spec, temporal = await _new(runs, cron="30 1 * * *", time_zone="America/New_York")
    due = times_between(spec, datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), most=10)
    assert [f"{at:%d %H:%M}" for at in due] == ["01 05:30"]
    # A backfill from before the first of the two times until after the second.
    span = [due[0] - timedelta(hours=3), due[0] + timedelta(hours=3)]
    await temporal.backfill(schedule_id, span, BackfillOverlap.ALLOW_ALL)
    tasks = await _ended(runs, schedule_id, 1)
    assert tasks[0]["scheduled_run_id"].endswith("2026-11-01T05:30:00Z")
    assert (await _described(runs, schedule_id)).info.num_actions == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [({"disabled_at": datetime(2026, 1, 1, tzinfo=UTC)}, "is disabled"), ({"role": "viewer"}, "viewer")],
)
async def test_such_an_owner_makes_no_task(runs: Runs, state: dict[str, Any], reason: str) -> None:
    schedule_id, _, temporal = await _new(runs)
    owner_id = await new_user(runs.database)
    async with runs.database.begin() as session:
        await session.execute(update(User).where(User.id == owner_id).values(state))
        await session.execute(update(Schedule).where(Schedule.id == schedule_id).values(owner_id=owner_id))
    await temporal.trigger(schedule_id)
    assert await _results(runs, schedule_id, 1) == ["forbidden"]
    assert await _tasks(runs, schedule_id) == []
    assert reason in (await _note(runs, owner_id, schedule_id) or "")


async def test_a_run_without_room_is_skipped_and_noted(runs: Runs) -> None:
    schedule_id, _, temporal = await _new(runs)
    owner_id = await new_user(runs.database)
    drafts = (
        "INSERT INTO runs (owner_id, kind, status) SELECT :owner_id, 'task', 'draft' FROM generate_series(1, :number)"
    )
    async with runs.database.begin() as session:
        await session.execute(text(drafts), {"owner_id": owner_id, "number": runs.settings.max_open_tasks})
        await session.execute(update(Schedule).where(Schedule.id == schedule_id).values(owner_id=owner_id))
    await temporal.trigger(schedule_id)
    assert await _results(runs, schedule_id, 1) == ["limit_reached"]
    assert await _tasks(runs, schedule_id) == []
    note = await _note(runs, owner_id, schedule_id)
    assert note is not None
    assert note.startswith("At 20")
    assert "a run was skipped: " in note
    assert "CHIMERA_MAX_OPEN_TASKS" in note
    async with runs.database.begin() as session:
        await session.execute(text("DELETE FROM runs WHERE owner_id = :id AND status = 'draft'"), {"id": owner_id})
    await temporal.trigger(schedule_id)
    await _ended(runs, schedule_id, 1)
    assert await _note(runs, owner_id, schedule_id) is None


async def test_a_run_with_an_inactive_agent_is_skipped(runs: Runs) -> None:
    plan = [{"key": "a", "instruction": GOAL, "agent": "poet"}]
    schedule_id, _, temporal = await _new(runs, task={"goal": "Report.", "model": MODEL, "plan": plan})
    owner_id = runs.caller.user_id
    async with runs.database.begin() as session:
        await agents.create(session, owner_id, AgentSpec(name="poet", prompt="Rhyme."))
        await agents.set_active(session, await agents.own(session, owner_id, "poet"), active=False)
    await temporal.trigger(schedule_id)
    assert await _results(runs, schedule_id, 1) == ["inactive_agent"]
    assert "a run was skipped: Agent 'poet' is inactive" in (await _note(runs, owner_id, schedule_id) or "")
    async with runs.database.begin() as session:
        await agents.set_active(session, await agents.own(session, owner_id, "poet"), active=True)
    await temporal.trigger(schedule_id)
    await _ended(runs, schedule_id, 1)
    assert await _note(runs, owner_id, schedule_id) is None


async def test_a_run_with_an_unshared_agent_is_skipped(runs: Runs) -> None:
    # A schedule stores the ID of another user's agent. Here, it is one that isn't shared, or not any more.
    plan = [{"key": "a", "instruction": GOAL, "agent": "0d4b3c52-8f1e-4b7a-9a55-3f6d2f0c1e77"}]
    schedule_id, _, temporal = await _new(runs, task={"goal": "Report.", "model": MODEL, "plan": plan})
    await temporal.trigger(schedule_id)
    assert await _results(runs, schedule_id, 1) == ["unknown_agent"]
    assert await _tasks(runs, schedule_id) == []
    note = await _note(runs, runs.caller.user_id, schedule_id) or ""
    assert "a run was skipped: Unknown agent '0d4b3c52" in note


async def _note(runs: Runs, owner_id: UserId, schedule_id: ScheduleId) -> str | None:
    async with runs.database.begin() as session:
        schedule = await rows.one(session, Caller(user_id=owner_id, role="user"), schedule_id)
    return rows.view(schedule, datetime.now(UTC), 0).note


async def test_the_task_belongs_to_the_owner_in_the_row(runs: Runs) -> None:
    schedule_id, _, temporal = await _new(runs)
    owner_id = await new_user(runs.database)
    async with runs.database.begin() as session:
        await session.execute(update(Schedule).where(Schedule.id == schedule_id).values(owner_id=owner_id))
    await temporal.trigger(schedule_id)
    tasks = await _ended(runs, schedule_id, 1)
    assert str(tasks[0]["owner_id"]) == owner_id


async def test_a_schedule_without_a_row_ends(runs: Runs) -> None:
    schedule_id, _, temporal = await _new(runs)
    async with runs.database.begin() as session:
        await session.execute(text("DELETE FROM schedules WHERE id = :id"), {"id": schedule_id})
    await temporal.trigger(schedule_id)
    client = await runs.temporal.client()

    async def is_gone() -> bool:
        return schedule_workflow_id(schedule_id) not in [each.id async for each in await client.list_schedules()]

    await until_true(is_gone)


async def test_a_run_renews_a_calendar_out_of_date(runs: Runs) -> None:
    schedule_id, spec, temporal = await _new(runs, cron="30 2 * * *", time_zone="Europe/Berlin")
    # The calendar as Temporal would have received it years ago.
    client = await runs.temporal.client()
    handle = client.get_schedule_handle(schedule_workflow_id(schedule_id))
    old = spec_of(spec, datetime(2020, 1, 1, tzinfo=UTC))

    def back_then(now: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = now.description.schedule
        schedule.spec = old
        assert isinstance(schedule.action, ScheduleActionStartWorkflow)
        schedule.action.args = [
            {"schedule_id": schedule_id, "owner_id": runs.caller.user_id, "calendar": fingerprint_of(old)}
        ]
        return ScheduleUpdate(schedule=schedule)

    await handle.update(back_then)
    await temporal.trigger(schedule_id)
    await _ended(runs, schedule_id, 1)
    renewed = await _described(runs, schedule_id)
    years = {year.start for each in renewed.schedule.spec.calendars for year in each.year}
    assert datetime.now(UTC).year + 5 in years
    assert renewed.schedule.state.paused


async def test_an_unreadable_old_cron_stops_its_schedule(runs: Runs) -> None:
    schedule_id, spec, temporal = await _new(runs)
    await temporal.replace(schedule_id, runs.caller.user_id, spec, paused=False)
    async with runs.database.begin() as session:
        schedule = await rows.one(session, runs.caller, schedule_id)
        schedule.spec = {**schedule.spec, "cron": "* * * * * * *", "paused": False}
        schedule.paused = False
    await temporal.trigger(schedule_id)
    assert await _results(runs, schedule_id, 1) == ["invalid_input"]
    assert await _tasks(runs, schedule_id) == []
    state = (await _described(runs, schedule_id)).schedule.state
    assert state.paused
    assert "it contains 7 fields" in state.note


async def test_an_old_cron_macro_runs_as_five_fields(runs: Runs) -> None:
    schedule_id, _, temporal = await _new(runs)
    async with runs.database.begin() as session:
        schedule = await rows.one(session, runs.caller, schedule_id)
        schedule.spec = {**schedule.spec, "cron": "@daily"}
    await temporal.trigger(schedule_id)
    await _ended(runs, schedule_id, 1)
    daily = (await _described(runs, schedule_id)).schedule.spec.calendars
    assert [(each.hour[0].start, each.day_of_month[0].end) for each in daily] == [(0, 31)]


async def test_a_forged_owner_gets_no_task(runs: Runs) -> None:
    """Anyone with access to Temporal can start a run with any input. Only the row decides who owns the task."""
    schedule_id, _, _ = await _new(runs)
    stranger = await new_user(runs.database)
    forged = ScheduledRunInput(schedule_id=schedule_id, owner_id=stranger)
    client = await runs.temporal.client()
    queue = runs.settings.task_queue
    result = await client.execute_workflow(
        "ScheduledTaskWorkflow", forged, id=f"forged-{schedule_id}", task_queue=queue, result_type=ScheduledRunResult
    )
    (task,) = await _tasks(runs, schedule_id)
    assert (str(task["id"]), str(task["owner_id"])) == (result.task_id, runs.caller.user_id)
