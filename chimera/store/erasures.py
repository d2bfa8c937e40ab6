"""Deletes all content of a user, in batches: open runs are cancelled first, and each run is emptied when it has ended.

The account itself, its sign-in and its bill are kept. What an administrator holds is kept too.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import (
    Agent,
    ChatSession,
    File,
    KeyedRequest,
    McpServer,
    MetricPoint,
    MetricSeries,
    Notification,
    Run,
    Schedule,
    Share,
    ToolPolicy,
    ToolRow,
    User,
)
from chimera.ledger import outbox
from chimera.store import ended_runs, task_controls
from chimera.store.ended_runs import Deleted
from chimera.store.holds import file_is_free, run_is_free, session_is_free
from models.ids import RunId, ScheduleId, UserId
from models.runs import COMPLETABLE, OPEN, RunKind
from models.users import Caller

RUNS_AT_ONCE, FILES_AT_ONCE, ROWS_AT_ONCE = 20, 20, 2_000
"""Maximum per transaction, so that locks are held for a moment only."""
OWNED: tuple[Any, ...] = (Agent, McpServer, ToolRow, ToolPolicy, Notification, MetricSeries, KeyedRequest, Share)
"""The other tables whose rows are deleted, besides runs, chat sessions, files and schedules."""


async def begin(session: AsyncSession, user_id: UserId) -> int:
    """Hide the user's chat sessions at once; return their number. The sweeper empties them when their runs end."""
    hidden = (
        update(ChatSession)
        .where(
            ChatSession.owner_id == user_id,
            ChatSession.deleted_at.is_(None),
            session_is_free(by_others=True),
        )
        .values(deleted_at=func.now())
        .returning(ChatSession.id)
    )
    return len((await session.scalars(hidden)).all())


async def cancel_runs(session: AsyncSession, user_id: UserId, until: datetime) -> int:
    """Cancel a batch of the user's open runs that were created until then; return how many."""
    found = await session.execute(
        select(Run.id, Run.kind)
        .where(Run.owner_id == user_id, Run.created_at <= until, Run.status.in_(sorted(COMPLETABLE)))
        .limit(RUNS_AT_ONCE)
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    rows = found.all()
    for row in rows:
        caller = Caller(user_id=user_id, role="user")
        await task_controls.cancel(session, caller, RunId(row.id), RunKind(row.kind))
    return len(rows)


async def delete_runs(session: AsyncSession, user_id: UserId, until: datetime) -> Deleted:
    """Delete the content of a batch of the user's ended runs and drafts. Their idempotency keys go too."""
    mine = (Run.owner_id == user_id, Run.created_at <= until, run_is_free(by_others=True))
    runs = await ended_runs.locked(session, *mine, limit=RUNS_AT_ONCE)
    await ended_runs.forget_keys(session, user_id, [run.id for run in runs])
    return await ended_runs.empty(session, runs)


async def delete_files(session: AsyncSession, user_id: UserId, until: datetime) -> Deleted:
    """Delete a batch of the user's files, except those of runs, which are deleted with them."""
    free = await file_is_free(session, user_id, by_others=True)
    some = (
        select(File.id)
        .where(File.owner_id == user_id, File.run_id.is_(None), File.created_at <= until, *free)
        .limit(FILES_AT_ONCE)
    )
    sizes = await session.scalars(delete(File).where(File.id.in_(some)).returning(File.size_bytes))
    found = sizes.all()
    return Deleted(len(found), sum(found))


async def delete_data(session: AsyncSession, user_id: UserId) -> Deleted:
    """Delete a batch of the user's schedules, agents, tools, notifications, metrics and kept responses."""
    schedules = await session.scalars(delete(Schedule).where(Schedule.owner_id == user_id).returning(Schedule.id))
    for schedule_id in (found := schedules.all()):
        await outbox.enqueue_schedule(session, ScheduleId(schedule_id))
    if found:
        return Deleted(len(found))
    series = select(MetricSeries.id).where(MetricSeries.owner_id == user_id)
    if number := await _delete_some(session, MetricPoint, MetricPoint.series_id.in_(series)):
        return Deleted(number)
    for table in OWNED:
        if number := await _delete_some(session, table, table.owner_id == user_id):
            if table is Agent:
                raised = update(User).where(User.id == user_id).values(agents_revision=User.agents_revision + 1)
                await session.execute(raised)
            return Deleted(number)
    return Deleted()


async def is_waiting(session: AsyncSession, user_id: UserId, until: datetime) -> bool:
    """Return whether runs have yet to end, or chat sessions to be emptied."""
    runs = select(Run.id).where(Run.owner_id == user_id, Run.created_at <= until, Run.status.in_(sorted(OPEN)))
    sessions = select(ChatSession.id).where(ChatSession.owner_id == user_id, ChatSession.deleted_at.is_not(None))
    return bool(await session.scalar(select(or_(runs.exists(), sessions.exists()))))


async def _delete_some(session: AsyncSession, table: Any, condition: Any) -> int:
    place: ColumnElement[Any] = literal_column("ctid")
    some = select(place).select_from(table).where(condition).limit(ROWS_AT_ONCE)
    gone = await session.execute(delete(table).where(place.in_(some)))
    assert isinstance(gone, CursorResult)
    return gone.rowcount
