"""Replies of a chat session that haven't ended."""

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import words
from models.ids import RunId
from models.runs import OPEN, RunStatus

_OPEN_IN = """
SELECT r.id, r.status, r.event_seq FROM replies p JOIN runs r ON r.id = p.run_id
WHERE p.session_id = %(session_id)s AND r.status = ANY(%(open)s) ORDER BY r.created_at LIMIT 100
"""


async def open_in(session: AsyncSession, session_id: str) -> list[tuple[RunId, RunStatus, int]]:
    """Return the open replies of a session, each with its status and the sequence of its last event."""
    rows = await sql.execute(session, _OPEN_IN, {"session_id": session_id, "open": words(OPEN)})
    return [(RunId(str(row.id)), RunStatus(row.status), row.event_seq) for row in rows]
