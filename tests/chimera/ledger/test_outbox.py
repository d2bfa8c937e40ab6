"""The order in which the sweeper delivers what is left in the outbox."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Database
from chimera.ledger import outbox
from models.ids import TaskId
from tests.chimera.ledger.test_calls import a_task


async def test_deleted_runs_come_last(database: Database) -> None:
    deleted, cancelled = [await a_task(database) for _ in range(2)]
    async with database.begin() as session:
        await session.execute(text("DELETE FROM outbox"))
        await _due(session, deleted, "forget", 3600)
        await _due(session, cancelled, "cancel", 1)
        assert await outbox.due(session, limit=1) == [cancelled]
        assert await outbox.due(session, limit=2) == [cancelled, deleted]


async def _due(session: AsyncSession, task_id: TaskId, kind: str, since_s: int) -> None:
    due = (
        "INSERT INTO outbox (run_id, kind, next_attempt_at) VALUES (:id, :kind, now() - :since_s * interval '1 second')"
    )
    await session.execute(text(due), {"id": task_id, "kind": kind, "since_s": since_s})
