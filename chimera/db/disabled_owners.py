"""What still runs for accounts that were disabled, and is stopped.

The ledger refuses their next call by itself; without a cancel their runs would wait for one until they fail.
"""

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import task_controls
from chimera.db.ai_calls import DOUBTED
from chimera.db.tables import AiCall, Task, User
from models.ai_calls import OPEN as OPEN_CALLS
from models.ai_calls import AiCallStatus
from models.ids import TaskId, UserId
from models.tasks import COMPLETABLE
from models.users import Caller

log = structlog.get_logger()


async def stop(session: AsyncSession, *, limit: int) -> list[TaskId]:
    """Cancel open tasks and calls of disabled accounts; return the tasks, whose runs have to be told."""
    await _stop_calls(session)
    found = await session.execute(
        select(Task.id, Task.owner_id)
        .join(User, User.id == Task.owner_id)
        .where(User.disabled_at.is_not(None), Task.status.in_(sorted(COMPLETABLE)))
        .order_by(Task.id)
        .limit(limit)
        # What another worker stops at this moment is left to it.
        .with_for_update(of=Task, key_share=True, skip_locked=True)
    )
    stopped = [(TaskId(row.id), UserId(row.owner_id)) for row in found]
    for task_id, owner_id in stopped:
        await task_controls.cancel(session, Caller(user_id=owner_id, role="user"), task_id)
        log.warning("task_of_disabled_account_stopped", task_id=task_id, owner_id=owner_id)
    return [task_id for task_id, _ in stopped]


async def _stop_calls(session: AsyncSession) -> None:
    disabled = select(User.id).where(User.disabled_at.is_not(None))
    await session.execute(
        update(AiCall)
        .where(AiCall.owner_id.in_(disabled), AiCall.status.in_(sorted(OPEN_CALLS)))
        .values(
            status=AiCallStatus.CANCELLED,
            error_code="forbidden",
            error="The account that asked for this call was disabled.",
            ended_at=func.clock_timestamp(),
        )
        .values(DOUBTED)
    )
