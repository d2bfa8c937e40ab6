"""Deletes what belongs to deleted accounts. What was paid is kept, for an account without personal data.

An account is emptied at once, but for its runs: these are cancelled first (`disabled_owners`), and each is emptied when
it has ended.
"""

from typing import Any

import structlog
from sqlalchemy import delete, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import (
    Agent,
    AiCall,
    ApiKey,
    File,
    GroupMember,
    Identity,
    Invitation,
    McpServer,
    PasswordReset,
    RefreshToken,
    Run,
    Schedule,
    Share,
    ToolPolicy,
    ToolRow,
    User,
)
from chimera.ledger import outbox
from chimera.store import tasks
from models.ids import RunId, ScheduleId, UserId
from models.runs import CLOSED, RunKind, RunStatus
from models.users import Caller

log = structlog.get_logger()

CONTENT: tuple[Any, ...] = (File, Schedule, Agent, McpServer, ToolRow, ToolPolicy, ApiKey, RefreshToken)
CONTENT += (PasswordReset, Identity, Invitation, Share, GroupMember)
"""The tables whose rows are deleted with their owner."""
KEPT = {
    "runs": "what was paid; their content is deleted when they have ended",
    "groups": "what others share in them",
    "approval_votes": "who decided about another user's call",
}
"""The other tables that refer to users, with what is kept."""


async def empty(session: AsyncSession, user: User) -> list[ScheduleId]:
    """Delete an account, which must be locked; return its schedules, which Temporal must forget too."""
    user_id = UserId(user.id)
    schedules = [
        ScheduleId(id) for id in await session.scalars(select(Schedule.id).where(Schedule.owner_id == user_id))
    ]
    for table in CONTENT:
        await session.execute(delete(table).where(_owner_of(table) == user_id))
    for schedule_id in schedules:
        await outbox.enqueue_schedule(session, schedule_id)
    user.email = f"deleted-{user.id}"
    user.name, user.password_hash, user.preferences, user.role = "Deleted user", None, {}, "user"
    values = {"deleted_at": func.now(), "disabled_at": func.coalesce(User.disabled_at, func.now())}
    await session.execute(update(User).where(User.id == user_id).values(values))
    await session.flush()
    return schedules


async def empty_runs(session: AsyncSession, *, limit: int) -> list[RunId]:
    """Delete the content of up to `limit` ended runs of deleted accounts; return them, as Temporal must forget them."""
    found = await session.execute(
        select(Run.id, Run.owner_id, Run.kind)
        .join(User, User.id == Run.owner_id)
        .where(
            User.deleted_at.is_not(None),
            Run.deleted_at.is_(None),
            Run.status.in_(sorted({*CLOSED, RunStatus.DRAFT})),
        )
        .order_by(Run.id)
        .limit(limit)
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    emptied = [(RunId(row.id), UserId(row.owner_id), RunKind(row.kind)) for row in found]
    for run_id, owner_id, kind in emptied:
        if kind is RunKind.TASK:
            await tasks.delete(session, Caller(user_id=owner_id, role="user"), run_id)
        else:
            await _empty_call(session, run_id)
    if emptied:
        log.info("runs_of_deleted_accounts_emptied", runs=len(emptied))
    return [run_id for run_id, _, _ in emptied]


async def _empty_call(session: AsyncSession, run_id: RunId) -> None:
    nothing = {"request": {}, "result": null(), "vectors": None}
    await session.execute(update(AiCall).where(AiCall.run_id == run_id).values(nothing))
    gone = {"result": None, "error": None, "deleted_at": func.now(), "updated_at": func.now()}
    await session.execute(update(Run).where(Run.id == run_id).values(gone))
    await outbox.enqueue(session, run_id, "forget")


def _owner_of(table: Any) -> Any:
    return next(getattr(table, name) for name in ("owner_id", "user_id", "invited_by") if hasattr(table, name))
