"""The decisions that a run waits for, as its view shows them."""

from chimera.db.engine import Connection
from models.approvals import ApprovalId, ApprovalKind
from models.base import preview_of
from models.ids import NodePath, RunId
from models.waits import MAX_PENDING, ApprovalWait, PendingApproval, approval_wait

_PENDING = """
SELECT id, kind, path, agent, tool, question, count(*) OVER () AS pending FROM approvals
WHERE run_id = %(run_id)s AND status = 'pending' ORDER BY created_at, id LIMIT %(limit)s
"""


async def wait_of(connection: Connection, run_id: RunId) -> ApprovalWait | None:
    """Return the pending decisions of a run, or None if there are none."""
    rows = await (await connection.execute(_PENDING, {"run_id": run_id, "limit": MAX_PENDING})).fetchall()
    if not rows:
        return None
    pending = tuple(
        PendingApproval(
            id=ApprovalId(str(row.id)),
            kind=ApprovalKind(row.kind),
            path=NodePath(row.path),
            agent=row.agent,
            tool=row.tool,
            question=None if row.question is None else preview_of(row.question),
        )
        for row in rows
    )
    return approval_wait(pending, rows[0].pending)
