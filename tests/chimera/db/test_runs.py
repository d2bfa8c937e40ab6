"""What the rows say of a task in each of its states, on the real database."""

import pytest
from sqlalchemy import text

from chimera.db import model_calls, runs
from chimera.db.engine import Database
from models.tasks import CLOSED, OPEN, STOPPED, UNCALLABLE, TaskStatus
from tests.chimera.db.test_model_calls import a_task, an_intent


@pytest.mark.parametrize("status", list(TaskStatus))
async def test_queries_and_models_agree_on_a_status(database: Database, status: TaskStatus) -> None:
    task_id = await a_task(database)
    async with database.begin() as session:
        await session.execute(text("UPDATE tasks SET status = :s WHERE id = :id"), {"s": status, "id": task_id})
        assert bool(await runs.open_among(session, [task_id])) == (status in OPEN)
        assert bool(await runs.stopped_among(session, [task_id])) == (status in STOPPED)
        assert (await runs.read_start(session, task_id) is None) == (status in CLOSED)
    async with database.connection() as connection:
        refused = await model_calls.reserve(connection, an_intent(task_id)) is None
    assert refused == (status in UNCALLABLE)
