"""Retention runs on the real servers, with a worker."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import func, update
from temporalio.client import Client

from chimera.db.tables import Run
from chimera.store import retention
from chimera.temporal.retention import RetentionStarts
from models.ids import RetentionId, TaskId, UserId
from models.retention import RetentionInput, RetentionStatus, RetentionView
from models.tasks import SubtaskMode
from models.workflows import RetentionRuns
from tests.runs import Runs
from tests.until import until_true

MODES = [SubtaskMode.CHILD]


async def _started(runs: Runs, user_id: UserId | None = None, **days: int) -> RetentionId:
    async with runs.database.begin() as session:
        row = await retention.create(session, days, user_id=user_id)
    await RetentionStarts(runs.settings, runs.database, runs.temporal).start(RetentionId(row.id), row.workflow_id)
    return RetentionId(row.id)


async def _ended(runs: Runs, retention_id: RetentionId) -> RetentionView:
    async def is_completed() -> bool:
        async with runs.database.begin() as session:
            return (await retention.view(session, retention_id)).status is RetentionStatus.COMPLETED

    await until_true(is_completed)
    async with runs.database.begin() as session:
        return await retention.view(session, retention_id)


async def _age(runs: Runs, *task_ids: TaskId) -> None:
    async with runs.database.begin() as session:
        old = update(Run).where(Run.id.in_(task_ids)).values(ended_at=func.now() - timedelta(days=40))
        await session.execute(old)


async def _cost(runs: Runs) -> int:
    query = "SELECT sum(spent_micro_usd) AS cost FROM runs WHERE owner_id = :id"
    (row,) = await runs.rows(query, TaskId(runs.caller.user_id))
    return int(row["cost"])


async def test_old_tasks_lose_their_content_only(runs: Runs) -> None:
    old, young = [await runs.start("Say a word. [[sim: tokens=5]]") for _ in range(2)]
    for each in (old, young):
        await runs.ended(each)
    await _age(runs, old)
    cost = await _cost(runs)
    async with runs.database.begin() as session:
        # Other tests' tasks may be due, too.
        expected = (await retention.preview(session, {"tasks": 30}, runs.caller.user_id)).deleted
    done = await _ended(runs, await _started(runs, tasks=30))
    assert done.deleted == expected
    assert done.bytes_freed > 0
    row = await runs.row(old)
    assert (row["result"], row["goal"]) == (None, "")
    assert row["deleted_at"] is not None
    assert (await runs.row(young))["deleted_at"] is None
    assert await _cost(runs) == cost > 0


async def test_an_erasure_stops_what_runs(runs: Runs) -> None:
    canary = f"canary{uuid4().hex}"
    ended = await runs.start(f"{canary} [[sim: tokens=5]]")
    await runs.ended(ended)
    still_open = await runs.start(f"{canary} [[sim: tokens=5000; tps=5]]")
    await runs.until(still_open, lambda row: row["status"] == "running")
    cost = await _cost(runs)
    done = await _ended(runs, await _started(runs, user_id=runs.caller.user_id))
    assert done.deleted["runs"] >= 2
    for each in (ended, still_open):
        assert (await runs.row(each))["deleted_at"] is not None
    assert await runs.rows("SELECT 1 FROM messages WHERE content LIKE :canary", ended, canary=f"%{canary}%") == []
    assert await _cost(runs) >= cost


async def test_a_terminated_run_continues_where_it_was(runs: Runs) -> None:
    async with runs.database.begin() as session:
        row = await retention.create(session, {"tasks": 30})
    starts = RetentionStarts(runs.settings, runs.database, runs.temporal)
    client: Client = await runs.temporal.client()
    await starts.start(RetentionId(row.id), row.workflow_id)
    await runs.temporal.end_runs(row.workflow_id, reason="a test")
    await starts.start(RetentionId(row.id), row.workflow_id)
    await _ended(runs, RetentionId(row.id))
    await client.get_workflow_handle(row.workflow_id).result()


async def test_a_day_without_rules_does_nothing(runs: Runs) -> None:
    client = await runs.temporal.client()
    workflow_id = f"retention-{uuid4()}"
    await client.execute_workflow(
        RetentionRuns.run, RetentionInput(), id=workflow_id, task_queue=runs.settings.task_queue
    )
    query = "SELECT 1 FROM retentions WHERE workflow_id = :workflow_id AND CAST(:id AS text) <> ''"
    assert await runs.rows(query, TaskId(workflow_id), workflow_id=workflow_id) == []


async def test_the_schedule_is_made_once(runs: Runs) -> None:
    starts = RetentionStarts(runs.settings, runs.database, runs.temporal)
    for _ in range(2):
        await starts.ensure_schedule()
    client = await runs.temporal.client()
    described = await client.get_schedule_handle(f"retention-{runs.settings.task_queue}").describe()
    assert described.schedule.spec.calendars[0].hour[0].start == runs.settings.retention_hour
