"""What is left of a task that was deleted, in Temporal and in Redis."""

from redis.asyncio import Redis
from temporalio.client import Client

from chimera.db import tasks
from models.ids import TaskId, workflow_id_of
from tests.runs import Runs, a_subtask
from tests.until import until_true


async def runs_of(runs: Runs, task_id: TaskId) -> list[str]:
    client: Client = await runs.temporal.client()
    query = f"WorkflowId STARTS_WITH '{workflow_id_of(task_id)}'"
    return [run.id async for run in client.list_workflows(query)]


async def test_a_deleted_task_leaves_nothing_in_temporal_or_redis(runs: Runs) -> None:
    plan = [a_subtask("a"), a_subtask("b", depends_on=["a"])]
    task_id, other = [await runs.start("Two, and an answer", plan=plan) for _ in range(2)]
    for each in (task_id, other):
        await runs.ended(each)
        await runs.close_status(each)
    await until_true(lambda: has_runs(runs, task_id, 3))
    await runs.control(tasks.delete, task_id)
    await until_true(lambda: has_runs(runs, task_id, 0))
    # The sweeper comes until nothing is left, and then no more.
    await until_true(lambda: is_delivered(runs, task_id))
    async with Redis.from_url(runs.settings.redis_url or "") as redis:
        assert await redis.exists(f"chimera:task:{task_id}") == 0
        assert await redis.exists(f"chimera:task:{other}") == 1
    assert len(await runs_of(runs, other)) == 3
    assert (await runs.row(task_id))["spent_micro_usd"] > 0


async def has_runs(runs: Runs, task_id: TaskId, count: int) -> bool:
    return len(await runs_of(runs, task_id)) == count


async def is_delivered(runs: Runs, task_id: TaskId) -> bool:
    return not await runs.rows("SELECT 1 FROM outbox WHERE task_id = :id", task_id)
