"""Stops the open runs of disabled accounts.

The ledger rejects their next calls by itself, but without a cancel their runs would wait for a call until they fail.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Run, User
from chimera.store import task_controls
from models.ids import RunId, UserId
from models.runs import COMPLETABLE, RunKind
from models.users import Caller

log = structlog.get_logger()


async def stop(session: AsyncSession, *, limit: int) -> list[RunId]:
    """Cancel up to `limit` open runs of disabled accounts; return them, as their workflows must be cancelled too."""
    found = await session.execute(
        select(Run.id, Run.owner_id, Run.kind)
        .join(User, User.id == Run.owner_id)
        .where(User.disabled_at.is_not(None), Run.status.in_(sorted(COMPLETABLE)))
        .order_by(Run.id)
        .limit(limit)
        # Skip runs that another worker is stopping at this moment.
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    stopped = [(RunId(row.id), UserId(row.owner_id), RunKind(row.kind)) for row in found]
    for run_id, owner_id, kind in stopped:
        await task_controls.cancel(session, Caller(user_id=owner_id, role="user"), run_id, kind)
        log.warning("run_of_disabled_account_stopped", run_id=run_id, owner_id=owner_id)
    return [run_id for run_id, _, _ in stopped]
