"""What still runs for accounts that were disabled, and is stopped.

The ledger refuses their next call by itself; without a cancel their runs would wait for one until they fail.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import task_controls
from chimera.db.tables import Run, User
from models.ids import TaskId, UserId
from models.tasks import COMPLETABLE
from models.users import Caller

log = structlog.get_logger()


async def stop(session: AsyncSession, *, limit: int) -> list[TaskId]:
    """Cancel open tasks and calls of disabled accounts; return the tasks, whose runs have to be told."""
    found = await session.execute(
        select(Run.id, Run.owner_id)
        .join(User, User.id == Run.owner_id)
        .where(User.disabled_at.is_not(None), Run.status.in_(sorted(COMPLETABLE)))
        .order_by(Run.id)
        .limit(limit)
        # What another worker stops at this moment is left to it.
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    stopped = [(TaskId(row.id), UserId(row.owner_id)) for row in found]
    for task_id, owner_id in stopped:
        await task_controls.cancel(session, Caller(user_id=owner_id, role="user"), task_id)
        log.warning("task_of_disabled_account_stopped", task_id=task_id, owner_id=owner_id)
    return [task_id for task_id, _ in stopped]
