"""Deletes what belongs to deleted accounts. What was paid is kept, for an account without personal data.

An account is emptied at once, but for its runs: these are cancelled first (`disabled_owners`), and each is emptied when
it has ended. Requests that were in progress may add content afterward, which is deleted later (`owners_of_leftovers`).
"""

from typing import Any

import structlog
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import (
    Agent,
    ApiKey,
    ChatSession,
    File,
    GroupMember,
    Hold,
    Identity,
    Invitation,
    KeyedRequest,
    McpServer,
    MetricSeries,
    Notification,
    PasswordReset,
    RefreshToken,
    Run,
    Schedule,
    Share,
    Ticket,
    ToolPolicy,
    ToolRow,
    User,
)
from chimera.ledger import outbox
from chimera.store import ended_runs, erasures
from chimera.store.ended_runs import EndedRun
from chimera.store.holds import file_is_free, is_free, run_is_free, session_is_free
from models.ids import RunId, ScheduleId, UserId
from models.runs import CLOSED, RunKind, RunStatus

log = structlog.get_logger()

CONTENT: tuple[Any, ...] = (File, Schedule, Agent, McpServer, ToolRow, ToolPolicy, ApiKey, RefreshToken)
CONTENT += (PasswordReset, Identity, Invitation, Notification, MetricSeries, KeyedRequest, Ticket)
CONTENT += (Share, GroupMember)
"""The tables whose rows are deleted with their owner."""
KEPT = {
    "runs": "what was paid; their content is deleted when they have ended",
    "groups": "what others share in them",
    "approval_votes": "who decided about another user's call",
    "chat_sessions": "hidden at once; deleted when their runs have ended",
    "holds": "what an administrator holds stays until the hold is lifted",
    "usage_rollups": "figures without content",
    "run_rollups": "figures without content",
    "latencies": "figures without content",
}
"""The other tables that refer to users, with what is kept."""


async def empty(session: AsyncSession, user: User) -> list[ScheduleId]:
    """Delete an account, which must be locked; return its schedules, which Temporal must forget too."""
    user_id = UserId(user.id)
    schedules = await empty_again(session, user_id)
    user.email = f"deleted-{user.id}"
    user.name, user.password_hash, user.preferences, user.role = "Deleted user", None, {}, "user"
    values = {"deleted_at": func.now(), "disabled_at": func.coalesce(User.disabled_at, func.now())}
    await session.execute(update(User).where(User.id == user_id).values(values))
    await session.flush()
    return schedules


async def empty_freed(session: AsyncSession, owner_id: UserId) -> None:
    """Delete what only a hold has kept of an account, if the account is deleted. Its runs follow (`empty_runs`)."""
    if await session.scalar(select(User.id).where(User.id == owner_id, User.deleted_at.is_not(None))):
        await _empty_unless_held(session, owner_id)


async def owners_of_leftovers(session: AsyncSession) -> list[UserId]:
    """Return the deleted accounts that have content again, besides runs.

    A request may have begun before its account was deleted, or reached a process that still knew the account.
    """
    rows = [select(_owner_of(table)).where(_owner_of(table) == User.id) for table in CONTENT if table is not File]
    rows.append(select(File.id).where(File.owner_id == User.id, is_free(File.id, by_others=True)))
    visible = (ChatSession.owner_id == User.id, ChatSession.deleted_at.is_(None))
    rows.append(select(ChatSession.id).where(*visible, session_is_free(by_others=True)))
    is_left = or_(*(each.correlate(User).exists() for each in rows))
    found = await session.scalars(select(User.id).where(User.deleted_at.is_not(None), is_left))
    return [UserId(user_id) for user_id in found]


async def empty_again(session: AsyncSession, user_id: UserId) -> list[ScheduleId]:
    """Delete the content of an account, except its runs; return its schedules, which Temporal must forget too."""
    await session.execute(delete(Hold).where(Hold.owner_id == user_id, Hold.placed_by == user_id))
    await _empty_unless_held(session, user_id)
    of_user = delete(Schedule).where(Schedule.owner_id == user_id).returning(Schedule.id)
    schedules = [ScheduleId(schedule_id) for schedule_id in await session.scalars(of_user)]
    for schedule_id in schedules:
        await outbox.enqueue_schedule(session, schedule_id)
    for table in CONTENT:
        if table is not File:
            await session.execute(delete(table).where(_owner_of(table) == user_id))
    return schedules


async def empty_runs(session: AsyncSession, *, limit: int) -> list[RunId]:
    """Delete the content of up to `limit` ended runs of deleted accounts; return them, as Temporal must forget them."""
    found = await session.execute(
        select(Run.id, Run.owner_id, Run.kind)
        .join(User, User.id == Run.owner_id)
        .where(
            User.deleted_at.is_not(None),
            Run.deleted_at.is_(None),
            run_is_free(by_others=True),
            Run.status.in_(sorted({*CLOSED, RunStatus.DRAFT})),
        )
        .order_by(Run.id)
        .limit(limit)
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    emptied = [EndedRun(RunId(row.id), UserId(row.owner_id), RunKind(row.kind)) for row in found]
    await ended_runs.empty(session, emptied)
    for run in emptied:
        await ended_runs.forget_keys(session, run.owner_id, [run.id])
    if emptied:
        log.info("runs_of_deleted_accounts_emptied", runs=len(emptied))
    return [run.id for run in emptied]


async def _empty_unless_held(session: AsyncSession, user_id: UserId) -> None:
    await erasures.begin(session, user_id)
    free = await file_is_free(session, user_id)
    await session.execute(delete(File).where(File.owner_id == user_id, *free))


def _owner_of(table: Any) -> Any:
    return next(getattr(table, name) for name in ("owner_id", "user_id", "invited_by") if hasattr(table, name))
