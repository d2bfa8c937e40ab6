"""Checks on the rows of a task's subtasks: missing answers below a node that is about to end, and its own status."""

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, scalar, words
from chimera.ledger.statements import BELOW
from models.errors import SubtaskSkipped
from models.ids import ROOT, NodePath, RunId
from models.subtasks import OPEN_SUBTASKS

_UNANSWERED = f"""
SELECT s.path FROM subtasks s LEFT JOIN subtasks p ON p.run_id = s.run_id AND p.path = s.parent
WHERE s.run_id = %(run_id)s AND (s.parent = %(path)s OR p.status = 'completed' AND {BELOW.format("s.parent")})
  AND s.tools IS NULL AND (s.status NOT IN ('completed', 'skipped') OR s.status = 'completed' AND s.result IS NULL)
ORDER BY s.path
"""  # noqa: S608  # only constants go in


async def unanswered(connection: Connection, run_id: RunId, path: NodePath) -> list[NodePath]:
    """Return the subtasks that keep the node at `path` from being completed: not skipped, and without a stored answer.

    Delegated subtasks, which are those with a list of `tools`, don't count: the agent has used their results, or has
    answered without them. Temporal's view of what is done doesn't count here. The result is exact while the root is
    locked.
    """
    cursor = await connection.execute(_UNANSWERED, {"run_id": run_id, "path": path})
    return [NodePath(row.path) for row in await cursor.fetchall()]


async def unanswered_in(session: AsyncSession, run_id: RunId, path: NodePath) -> list[NodePath]:
    """Return the same as `unanswered`, in a transaction of an SQLAlchemy session."""
    found = await sql.execute(session, _UNANSWERED, {"run_id": run_id, "path": path})
    return [NodePath(row.path) for row in found]


_IS_OPEN = "SELECT 1 FROM subtasks WHERE run_id = %(run_id)s AND path = %(path)s AND status = ANY(%(open)s::text[])"


async def check_open(connection: Connection, run_id: RunId, path: NodePath) -> None:
    """Raise SubtaskSkipped if a subtask has ended, so that nothing more may begin there. Exact while the run is locked.

    Only an attempt that was given up finds a subtask that has ended. The root has ended when its run has.
    """
    if path == ROOT:
        return
    values = {"run_id": run_id, "path": path, "open": words(OPEN_SUBTASKS)}
    if await scalar(await connection.execute(_IS_OPEN, values)) is None:
        raise SubtaskSkipped(path)
