"""A task's rows in each of its states, on the real database."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select, text

from chimera.db.engine import Database
from chimera.db.tables import Subtask
from chimera.ledger import calls, ends, events, runs, starts
from models.ids import NodePath, TaskId
from models.runs import CLOSED, OPEN, STOPPED, UNCALLABLE, RunStatus
from models.tasks import TransitionRecord
from tests.chimera.ledger.test_calls import a_task, account, an_intent


@pytest.mark.parametrize("status", list(RunStatus))
async def test_queries_and_models_agree_on_a_status(database: Database, status: RunStatus) -> None:
    task_id = await a_task(database)
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET status = :s WHERE id = :id"), {"s": status, "id": task_id})
        assert bool(await runs.open_among(session, [task_id])) == (status in OPEN)
        assert (await starts.read_start(session, task_id) is None) == (status in CLOSED | STOPPED)
    async with database.statements() as connection:
        assert bool(await runs.stopped_among(connection, [task_id])) == (status in STOPPED | {RunStatus.FAILED})
        refused = await calls.reserve(connection, an_intent(task_id)) is None
    assert refused == (status in UNCALLABLE)


async def test_an_unmarked_run_begins_with_its_first_call(database: Database) -> None:
    """The process that started the run may die before recording that, and the run may overtake the next delivery."""
    task_id = await a_task(database)
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id))
    begun = await account(database, task_id)
    assert begun["started_at"] is not None
    assert await happened(database, task_id, "run.started") == 0
    for _ in range(2):
        async with database.begin() as session:
            await runs.mark_started(session, task_id)
    row = await account(database, task_id)
    assert (row["status"], row["started_at"]) == ("running", begun["started_at"])
    assert await happened(database, task_id, "run.started") == 1


async def test_an_unmarked_runs_end_is_final(database: Database) -> None:
    task_id = await a_task(database)
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'completed' WHERE id = :id"), {"id": task_id})
        await runs.mark_started(session, task_id)
    assert await happened(database, task_id, "run.started") == 0


async def test_a_subtask_failure_after_the_end_changes_nothing(database: Database) -> None:
    task_id = await a_task(database)
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'completed' WHERE id = :id"), {"id": task_id})
        late = TransitionRecord(run_id=task_id, path=NodePath("a"), status="failed", error_code="x")
        assert await ends.record(session, late) == 0
        status = await session.scalar(text("SELECT status FROM subtasks WHERE run_id = :id"), {"id": task_id})
    assert status != "failed"
    assert await happened(database, task_id, "subtask.failed") == 0


async def test_a_skip_ends_descendants_of_the_subtask(database: Database) -> None:
    task_id = await a_task(database)
    below = an_intent(task_id)
    below = replace(below, request=below.request.model_copy(update={"path": NodePath("a/part")}))
    skipped = TransitionRecord(run_id=task_id, path=NodePath("a"), status="skipped", error_code="x")
    async with database.begin() as session:
        part = {"run_id": task_id, "path": "a/part", "parent": "a", "position": 0, "key": "part", "agent": "writer"}
        await session.execute(
            insert(Subtask).values(**part, title="", instruction="say", depends_on=[], decompose=False)
        )
        await ends.record(session, skipped)
        rows = await session.execute(select(Subtask.path, Subtask.status).where(Subtask.run_id == task_id))
        statuses = {row.path: row.status for row in rows}
    assert statuses == {"a": "skipped", "a/part": "cancelled"}
    assert [await happened(database, task_id, f"subtask.{what}") for what in ("cancelled", "skipped")] == [1, 1]
    async with database.statements() as connection:
        assert await calls.reserve(connection, below) is None


async def happened(database: Database, task_id: TaskId, kind: str) -> int:
    async with database.statements() as connection:
        return sum(frame.event.type == kind for frame in await events.read_after(connection, task_id, 0))
