"""Pending decisions that no run waits for anymore, because the run or the subtask has ended."""

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger import notifications
from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus
from models.events import ApprovalDecided
from models.ids import ROOT, NodePath, RunId

_CANCEL = """
UPDATE approvals SET status = 'cancelled', decided_at = clock_timestamp()
WHERE run_id = %(run_id)s AND status = 'pending'
  AND (%(path)s::text = '' OR path = %(path)s OR starts_with(path, %(path)s::text || '/'))
RETURNING id, kind, path, step
"""
# For a run that has ended, the status is final.
_COUNT = """
UPDATE runs SET approvals_pending = GREATEST(0, approvals_pending - %(n)s),
       status = CASE WHEN status = 'waiting' AND approvals_pending <= %(n)s AND NOT needs_budget
                     THEN 'running' ELSE status END
WHERE id = %(run_id)s
"""


async def cancel(session: AsyncSession, run_id: RunId, at: NodePath = ROOT) -> list[ApprovalDecided]:
    """Cancel the pending decisions of a node that ends, and of those below it. The run's row must be locked.

    Returns their events, which the caller has to append.
    """
    rows = (await sql.execute(session, _CANCEL, {"run_id": run_id, "path": at})).all()
    if rows:
        await sql.execute(session, _COUNT, {"run_id": run_id, "n": len(rows)})
        await notifications.approvals_closed(session, [ApprovalId(str(row.id)) for row in rows])
    return [
        ApprovalDecided(
            path=NodePath(row.path),
            step=row.step,
            approval_id=ApprovalId(str(row.id)),
            kind=ApprovalKind(row.kind),
            status=ApprovalStatus.CANCELLED,
        )
        for row in sorted(rows, key=lambda row: (row.path, row.step, str(row.id)))
    ]
