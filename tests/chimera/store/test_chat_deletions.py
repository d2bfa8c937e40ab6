"""Deletions of chat sessions, on the rows."""

from sqlalchemy import func, select

from chimera.db.engine import Database
from chimera.db.tables import ChatSession, Run
from chimera.store import chat, chat_deletions
from models.chat import ChatSessionSpec
from models.ids import ChatSessionId
from tests.chimera.store.chats import add_replies
from tests.runs import new_user

REPLIES = 25
AT_ONCE = 10


async def test_a_long_session_is_emptied_in_batches(database: Database) -> None:
    async with database.begin() as session:
        chat_id = await chat.create(session, await new_user(database), ChatSessionSpec())
    run_ids = await add_replies(database, chat_id, REPLIES)
    async with database.begin() as session:
        row = await session.get(ChatSession, chat_id, with_for_update=True)
        assert row is not None
        assert await chat_deletions.delete(session, row) == ()
        assert await _count_emptied(database, run_ids) == 0
    emptied = 0
    while await _exists(database, chat_id):
        async with database.begin() as session:
            assert len(await chat_deletions.purge(session, limit=AT_ONCE)) <= AT_ONCE
        before, emptied = emptied, await _count_emptied(database, run_ids)
        assert emptied - before <= AT_ONCE
    assert emptied == REPLIES


async def _count_emptied(database: Database, run_ids: list[str]) -> int:
    async with database.begin() as session:
        gone = select(func.count()).where(Run.id.in_(run_ids), Run.deleted_at.is_not(None))
        return await session.scalar(gone) or 0


async def _exists(database: Database, chat_id: ChatSessionId) -> bool:
    async with database.begin() as session:
        return await session.get(ChatSession, chat_id) is not None
