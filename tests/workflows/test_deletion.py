"""The remains of a deleted task in Temporal and in Redis."""

from redis.asyncio import Redis

from chimera.store import tasks
from models.ids import TaskId
from models.tasks import SubtaskMode
from tests.runs import Runs, a_subtask
from tests.until import until_true

MODES = [SubtaskMode.CHILD]


async def test_a_deleted_tasks_runs_and_stream_are_deleted(runs: Runs) -> None:
    """Temporal deletes them within about a minute, which this test doesn't wait for."""
    plan = [a_subtask("a"), a_subtask("b", depends_on=["a"])]
    task_id, other = [await runs.start("Two, and an answer", plan=plan) for _ in range(2)]
    for each in (task_id, other):
        await runs.ended(each)
        await runs.close_status(each)
    await runs.control(tasks.delete, task_id)

    async def all_are_listed() -> bool:
        # The task's own run, found by its ID, and the listed runs: those of the task and of two subtasks.
        return await runs.temporal.delete_runs(task_id, None) == 4

    await until_true(all_are_listed)
    (promised,) = await runs.rows("SELECT kind, last_error FROM outbox WHERE run_id = :id", task_id)
    assert (promised["kind"], "being deleted" in promised["last_error"]) == ("forget", True)
    async with Redis.from_url(runs.settings.redis_url or "") as redis:
        assert await redis.exists(f"chimera:run:{task_id}") == 0
        assert await redis.exists(f"chimera:run:{other}") == 1
    assert (await runs.row(task_id))["spent_micro_usd"] > 0


async def test_a_deletion_is_done_when_temporal_has_nothing_left(runs: Runs) -> None:
    task_id = await runs.start("Never begun", start=False)
    await runs.cancel(task_id)
    await runs.control(tasks.delete, task_id)
    # The deletion checks twice, because a run that has just ended isn't listed yet.
    assert await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id", task_id)

    async def is_done() -> bool:
        return not await runs.rows("SELECT 1 FROM outbox WHERE run_id = :id", task_id)

    await until_true(is_done)


async def test_only_runs_of_the_task_are_deleted(runs: Runs) -> None:
    assert await runs.temporal.delete_runs(TaskId("00000000-0000-4000-8000-000000000000"), "schedule-none") == 0
