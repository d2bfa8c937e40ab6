"""Chat sessions with many replies, written directly into the tables."""

from sqlalchemy import insert, select

from chimera.db.engine import Database
from chimera.db.tables import ChatMessage, ChatSession, Reply, Run


async def add_replies(database: Database, session_id: str, number: int) -> list[str]:
    """Add completed replies to a session, and return their runs."""
    async with database.begin() as session:
        owner_id = await session.scalar(select(ChatSession.owner_id).where(ChatSession.id == session_id))
        row = {"owner_id": owner_id, "kind": "reply", "status": "completed", "body_sha256": "x", "result": "Hello"}
        run_ids = list(await session.scalars(insert(Run).returning(Run.id), [row] * number))
        reply = {"session_id": session_id, "model": "simulator/fast", "policy": {}}
        await session.execute(insert(Reply), [{"run_id": run_id, **reply} for run_id in run_ids])
        answer = {"session_id": session_id, "role": "assistant"}
        await session.execute(insert(ChatMessage), [{"run_id": run_id, **answer} for run_id in run_ids])
    return run_ids
