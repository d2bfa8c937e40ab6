from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import accounts, calls
from chimera.store import disabled_owners
from models.ids import TaskId, UserId
from tests.activities.calls.test_media import a_call, intent_of, view
from tests.chimera.ledger.test_calls import a_task, account, an_intent
from tests.runs import new_user


async def test_the_ledger_begins_no_call_of_a_disabled_account(database: Database) -> None:
    task_id = await a_task(database)
    await _disable(database, task_id)
    async with database.statements() as connection:
        assert await calls.reserve(connection, an_intent(task_id)) is None
        assert (await accounts.why_refused(connection, an_intent(task_id))).stopped
    assert (await account(database, task_id))["model_calls"] == 0


async def test_open_tasks_of_a_disabled_account_are_cancelled(database: Database) -> None:
    theirs, others = await a_task(database), await a_task(database)
    await _disable(database, theirs)
    async with database.begin() as session:
        stopped = await disabled_owners.stop(session, limit=100)
    assert theirs in stopped
    assert others not in stopped
    assert (await account(database, theirs))["status"] == "cancelling"
    assert (await account(database, others))["status"] == "queued"
    async with database.begin() as session:
        assert theirs not in await disabled_owners.stop(session, limit=100)


async def test_calls_of_a_disabled_account_are_cancelled(database: Database) -> None:
    owner = await new_user(database)
    call_id = await a_call(database, owner)
    await _disable_user(database, owner)
    async with database.statements() as connection:
        assert await calls.reserve(connection, intent_of(call_id, 1)) is None
    async with database.begin() as session:
        assert call_id in await disabled_owners.stop(session, limit=100)
    assert (await view(database, owner, call_id)).status == "cancelling"


async def _disable(database: Database, task_id: TaskId) -> None:
    await _disable_user(database, UserId(str((await account(database, task_id))["owner_id"])))


async def _disable_user(database: Database, user_id: UserId) -> None:
    async with database.begin() as session:
        await session.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": user_id})
