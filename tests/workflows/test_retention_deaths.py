"""Workers that die while they delete: everything is deleted, and counted once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import func, select, update

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Run
from chimera.failpoints import EXIT_CODE
from chimera.store import retention, tasks
from chimera.temporal.client import Temporal
from chimera.temporal.retention import RetentionStarts
from models.ids import RetentionId, UserId
from models.retention import RetentionStatus
from models.tasks import TaskSpec
from tests.api.ai.test_dead_workers import a_worker
from tests.runs import new_user

TASKS = 65
"""Four batches."""


async def test_a_killed_worker_counts_nothing_twice(settings: Settings, database: Database, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"task_queue": f"dead-{uuid4()}", "simulator_url": "http://127.0.0.1:9"})
    user_id = await new_user(database)
    async with database.begin() as session:
        for _ in range(TASKS):
            await tasks.create(session, user_id, TaskSpec(goal="x", start=False), default_model="simulator/fast")
        ended = {"status": "completed", "ended_at": func.now() - timedelta(days=40), "spent_micro_usd": 7}
        await session.execute(update(Run).where(Run.owner_id == user_id).values(ended))
        row = await retention.create(session, {"tasks": 30})
        retention_id, workflow_id = RetentionId(row.id), row.workflow_id
    starts = RetentionStarts(settings, database, Temporal(settings))
    await starts.start(retention_id, workflow_id)
    with a_worker(settings, tmp_path, "after_retention_step=exit") as first:
        assert await asyncio.to_thread(first.wait, 60) == EXIT_CODE
    async with database.begin() as session:
        assert 0 < (await retention.view(session, retention_id)).deleted["tasks"] < TASKS
    with a_worker(settings, tmp_path):
        async with asyncio.timeout(180):
            while await _status(database, retention_id) is not RetentionStatus.COMPLETED:
                await asyncio.sleep(0.5)
    async with database.begin() as session:
        assert (await retention.view(session, retention_id)).deleted["tasks"] == TASKS
    assert await _left(database, user_id) == (TASKS, TASKS * 7, 0)


async def _status(database: Database, retention_id: RetentionId) -> RetentionStatus:
    async with database.begin() as session:
        return (await retention.view(session, retention_id)).status


async def _left(database: Database, user_id: UserId) -> tuple[int, int, int]:
    """Return the number of runs, their cost, and the number of those that still have content."""
    with_content = func.count().filter(Run.deleted_at.is_(None))
    async with database.begin() as session:
        statement = select(func.count(), func.sum(Run.spent_micro_usd), with_content).where(Run.owner_id == user_id)
        runs, cost, left = (await session.execute(statement)).one()
        return runs, int(cost), left
