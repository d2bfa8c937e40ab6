"""The rollups equal the ledger after each kind of end, on the real database."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import calls, ends, failures, in_doubt, rollups, settlements
from chimera.ledger.failures import Failure
from chimera.store import retries, task_controls
from models.ids import ROOT, TaskId, UserId
from models.model_calls import AttemptStatus
from models.runs import RunKind
from models.tasks import TaskRetry, TransitionRecord
from models.usage import Usage
from models.users import Caller
from tests.chimera.ledger.test_calls import a_settlement, a_task, an_intent

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TABLES = {"usage_rollups": rollups.USAGE_SUMS, "run_rollups": rollups.RUN_SUMS, "latencies": ("number",)}


async def owner_of(database: Database, task_id: TaskId) -> UserId:
    async with database.begin() as session:
        found = await session.scalar(text("SELECT owner_id FROM runs WHERE id = :id"), {"id": task_id})
    return UserId(str(found))


async def _rows(database: Database, owner_id: UserId) -> list[Any]:
    """Return the owner's rows of the rollups that aren't all zero."""
    async with database.begin() as session:
        return [
            sorted(map(str, await session.execute(text(_query(table, sums)), {"owner": owner_id})))
            for table, sums in TABLES.items()
        ]


def _query(table: str, sums: tuple[str, ...]) -> str:
    return f"SELECT t FROM {table} t WHERE owner_id = :owner AND ({' OR '.join(f'{each} <> 0' for each in sums)})"


async def check_equal(database: Database, task_id: TaskId) -> None:
    """Check that the task's owner has the same rollups, whether folded from changes or computed from the ledger."""
    owner_id = await owner_of(database, task_id)
    async with database.statements() as connection:
        unfolded = await rollups.spent_since(connection, owner_id, EPOCH)
    await rollups.fold(database)
    folded = await _rows(database, owner_id)
    async with database.statements() as connection:
        assert await rollups.spent_since(connection, owner_id, EPOCH) == unfolded
    async with database.begin() as session:
        account = text("SELECT spent_micro_usd, in_doubt_micro_usd FROM runs WHERE id = :id")
        assert tuple((await session.execute(account, {"id": task_id})).one()) == unfolded
    async with database.begin() as session:
        await rollups.rebuild(session)
    assert await _rows(database, owner_id) == folded


async def answered(database: Database, task_id: TaskId) -> None:
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id))
        assert await settlements.settle(connection, replace(a_settlement(an_intent(task_id)), first_token_ms=5))


async def failed(database: Database, task_id: TaskId) -> None:
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id))
        assert await failures.fail(connection, a_failure(task_id))


async def cancelled(database: Database, task_id: TaskId) -> None:
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id))
        assert await failures.fail(connection, a_failure(task_id, AttemptStatus.CANCELLED))


async def left_in_doubt(database: Database, task_id: TaskId) -> None:
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await in_doubt.mark(connection, intent.request, intent.attempt)


async def answered_late(database: Database, task_id: TaskId) -> None:
    await left_in_doubt(database, task_id)
    intent = an_intent(task_id)
    async with database.connection() as connection:
        await calls.lock_run(connection, task_id)
        assert await in_doubt.reinstate(connection, intent)
        assert await settlements.settle(connection, a_settlement(intent))


async def booked_late(database: Database, task_id: TaskId) -> None:
    await left_in_doubt(database, task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id, attempt=2))
        assert await in_doubt.book_late(connection, a_settlement(an_intent(task_id)))
        assert await settlements.settle(connection, a_settlement(an_intent(task_id, attempt=2)))


async def failed_late(database: Database, task_id: TaskId) -> None:
    await left_in_doubt(database, task_id)
    async with database.statements() as connection:
        assert await in_doubt.fail_late(connection, a_failure(task_id))


async def left_behind(database: Database, task_id: TaskId) -> None:
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id))
        await calls.reserve(connection, an_intent(task_id, step=2))
    await end(database, task_id, "failed")


def a_failure(task_id: TaskId, status: AttemptStatus = AttemptStatus.FAILED) -> Failure:
    return Failure(
        intent=an_intent(task_id),
        status=status,
        code="overloaded",
        message="",
        usage=Usage(input_tokens=3, output_tokens=1),
        cost_micro_usd=20,
    )


async def end(database: Database, task_id: TaskId, status: Any, code: str | None = "overloaded") -> None:
    async with database.begin() as session:
        await ends.record(session, TransitionRecord(run_id=task_id, path=ROOT, status=status, error_code=code))


PATHS = [answered, failed, cancelled, left_in_doubt, answered_late, booked_late, failed_late, left_behind]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
async def test_rollups_equal_the_ledger_after(
    database: Database, path: Callable[[Database, TaskId], Awaitable[None]]
) -> None:
    task_id = await a_task(database)
    await path(database, task_id)
    await check_equal(database, task_id)


async def test_a_reopened_run_is_no_failure(database: Database) -> None:
    task_id = await a_task(database)
    owner = await owner_of(database, task_id)
    await end(database, task_id, "failed")
    await rollups.fold(database)
    assert await runs_by_status(database, owner) == {"created": 1, "failed": 1}
    async with database.begin() as session:
        await retries.retry(session, Caller(user_id=owner, role="user"), task_id, TaskRetry())
    await check_equal(database, task_id)
    assert await runs_by_status(database, owner) == {"created": 1}


async def test_a_cancelled_run_is_counted_once(database: Database) -> None:
    task_id = await a_task(database)
    owner = await owner_of(database, task_id)
    async with database.begin() as session:
        await task_controls.cancel(session, Caller(user_id=owner, role="user"), task_id, RunKind.TASK)
    await end(database, task_id, "cancelled", None)
    await end(database, task_id, "cancelled", None)
    await check_equal(database, task_id)
    assert await runs_by_status(database, owner) == {"created": 1, "cancelled": 1}


async def runs_by_status(database: Database, owner: UserId) -> dict[str, int]:
    query = "SELECT status, runs FROM run_rollups WHERE owner_id = :owner AND level = 'day' AND runs <> 0"
    async with database.begin() as session:
        return {row.status: row.runs for row in await session.execute(text(query), {"owner": owner})}


async def test_waiting_time_is_measured(database: Database) -> None:
    task_id = await a_task(database)
    async with database.begin() as session:
        for status in ("waiting", "running"):
            await session.execute(text("UPDATE runs SET status = :s WHERE id = :id"), {"s": status, "id": task_id})
            await session.execute(text("SELECT pg_sleep(0.01)"))
    await end(database, task_id, "failed")
    await check_equal(database, task_id)
    query = "SELECT sum(waited_ms) FROM run_rollups WHERE owner_id = :owner AND level = 'day'"
    async with database.begin() as session:
        assert await session.scalar(text(query), {"owner": await owner_of(database, task_id)}) >= 10
