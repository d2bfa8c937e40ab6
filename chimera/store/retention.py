"""Retention runs: their rows, and their steps.

A step deletes a batch and counts it in the same transaction. So a run that was killed continues exactly where it was,
and two executions of it can't count anything twice.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Retention, User
from chimera.ledger.analytics.window import bounded
from chimera.store import chat_deletions, erasures, expired, pages, unused_files
from chimera.store.ended_runs import Deleted
from chimera.store.pages import Place
from models.errors import NotFound
from models.ids import RetentionId, UserId, retention_workflow_id
from models.retention import OPEN_RETENTION, RetentionKind, RetentionStatus, RetentionView

BY_AGE = (
    RetentionKind.TASKS,
    RetentionKind.COMPLETIONS,
    RetentionKind.CHAT_SESSIONS,
    RetentionKind.AI_CALLS,
    RetentionKind.FILES,
    RetentionKind.AUDIT_LOG,
)
"""The kinds that retention runs delete by age, in this order: files are unused once what used them is deleted."""
OVERDUE = timedelta(minutes=2)
"""A run without progress for this long is started again, in case Temporal has lost it. A second start does nothing."""

State = Literal["more", "waiting", "done"]


async def create(
    session: AsyncSession,
    days: Mapping[str, int],
    *,
    user_id: UserId | None = None,
    requested_by: UserId | None = None,
    workflow_id: str | None = None,
) -> Retention:
    """Create a retention run, or return the open one, of which there is one for all users and one for each user.

    An open run of a user starts over, so that it deletes what has been created since.
    """
    new_id = RetentionId(str(uuid4()))
    values = {
        "id": new_id,
        "workflow_id": workflow_id or retention_workflow_id(new_id),
        "user_id": user_id,
        "requested_by": requested_by,
        "days": {} if user_id else {kind: number for kind in BY_AGE if (number := days.get(kind, 0))},
    }
    statement = insert(Retention).values(values).on_conflict_do_nothing().returning(Retention.id)
    is_new = await session.scalar(statement) is not None
    if user_id is not None:
        row = await _locked(session, new_id) if is_new else await _open_of(session, user_id)
        if row is None:
            # The open one has ended in between.
            return await create(session, days, user_id=user_id, requested_by=requested_by, workflow_id=workflow_id)
        return await _begun(session, row, user_id)
    if is_new:
        return await _locked(session, new_id)
    is_own = Retention.workflow_id == values["workflow_id"]
    same = select(Retention).where(or_(is_own, Retention.user_id.is_(None)))
    before = await session.scalars(same.order_by(is_own.desc(), Retention.created_at.desc()).limit(1))
    return before.one()


async def step(session: AsyncSession, retention_id: RetentionId) -> State:
    """Delete the next batch of a retention run, and count it."""
    # The account first, as in requests: deletions change it too, and two orders would end in a deadlock.
    account = select(User.id).join(Retention, Retention.user_id == User.id).where(Retention.id == retention_id)
    await session.execute(account.with_for_update(of=User, key_share=True))
    row = await _locked(session, retention_id)
    if row.status not in OPEN_RETENTION:
        return "done"
    state = await (_step_of_user(session, row, UserId(row.user_id)) if row.user_id else _step_by_age(session, row))
    row.status = {"more": RetentionStatus.RUNNING, "waiting": RetentionStatus.WAITING}.get(
        state, RetentionStatus.COMPLETED
    )
    row.updated_at = await _now(session)
    if state == "done":
        row.ended_at = row.updated_at
    return state


async def preview(session: AsyncSession, days: Mapping[str, int], requested_by: UserId) -> RetentionView:
    """Count what a retention run by age would delete now. Nothing is deleted, and no query takes longer than 20 s."""
    await bounded(session)
    now = await _now(session)
    wanted = {kind: number for kind in BY_AGE if (number := days.get(kind, 0))}
    counts = {
        str(kind): await expired.count(session, kind, now - timedelta(days=number)) for kind, number in wanted.items()
    }
    return RetentionView(
        id=None,
        status=RetentionStatus.COMPLETED,
        dry_run=True,
        user_id=None,
        requested_by=requested_by,
        days={str(kind): number for kind, number in wanted.items()},
        deleted=counts,
        bytes_freed=0,
        created_at=now,
        updated_at=now,
        ended_at=now,
    )


async def view(session: AsyncSession, retention_id: RetentionId) -> RetentionView:
    """Return a retention run, for administrators. Raises NotFound."""
    row = await session.get(Retention, retention_id)
    if row is None:
        raise NotFound("retention run", retention_id)
    return view_of(row)


async def newest_of(session: AsyncSession, user_id: UserId) -> RetentionView:
    """Return the newest erasure of a user's content. Raises NotFound if there was none."""
    rows = select(Retention).where(Retention.user_id == user_id).order_by(Retention.created_at.desc()).limit(1)
    row = await session.scalar(rows)
    if row is None:
        raise NotFound("erasure", user_id)
    return view_of(row)


async def page(session: AsyncSession, *, after: Place | None, limit: int) -> tuple[list[RetentionView], Place | None]:
    """Return a page of retention runs, newest first, and the place where it ends if more follow."""
    rows = select(Retention, Retention.created_at, Retention.id)
    found, last = await pages.newest(session, rows, Retention.created_at, Retention.id, after=after, limit=limit)
    return [view_of(row.Retention) for row in found], last


async def overdue(session: AsyncSession) -> list[tuple[RetentionId, str]]:
    """Return open runs without recent progress, each with the ID of its workflow."""
    late = select(Retention.id, Retention.workflow_id).where(
        Retention.status.in_(sorted(OPEN_RETENTION)), Retention.updated_at < func.now() - OVERDUE
    )
    return [(RetentionId(row.id), row.workflow_id) for row in await session.execute(late)]


def view_of(row: Retention) -> RetentionView:
    return RetentionView.model_validate(row, from_attributes=True)


async def _open_of(session: AsyncSession, user_id: UserId) -> Retention | None:
    """Return a user's open retention run, locked; None if there is none."""
    is_open = Retention.status.in_(sorted(OPEN_RETENTION))
    return await session.scalar(select(Retention).where(Retention.user_id == user_id, is_open).with_for_update())


async def _begun(session: AsyncSession, row: Retention, user_id: UserId) -> Retention:
    """Let a user's locked retention run delete everything that exists now, and hide the chat sessions at once."""
    row.created_at, row.stage = await _now(session), 0
    _count(row, RetentionKind.CHAT_SESSIONS, Deleted(await erasures.begin(session, user_id)))
    await session.flush()
    return row


async def _step_by_age(session: AsyncSession, row: Retention) -> State:
    """Delete a batch of the current kind; if there is nothing left of it, go on to the next kind."""
    kinds = [kind for kind in BY_AGE if kind in row.days]
    if row.stage >= len(kinds):
        return "done"
    kind = kinds[row.stage]
    before = row.created_at - timedelta(days=row.days[kind])
    if kind is RetentionKind.FILES:
        return await _step_of_files(session, row, before)
    if kind is RetentionKind.CHAT_SESSIONS:
        deleted = await expired.delete_sessions(session, before)
    elif kind is RetentionKind.AUDIT_LOG:
        deleted = await expired.delete_audit_entries(session, before)
    else:
        deleted = await expired.delete_runs(session, kind, before)
    _count(row, kind, deleted)
    is_left = deleted.items > 0
    if kind is RetentionKind.CHAT_SESSIONS and not is_left:
        # Their attachments are in use until their content is deleted.
        is_left = bool(await chat_deletions.purge(session, limit=expired.RUNS_AT_ONCE))
    row.stage += not is_left
    return "more"


async def _step_of_files(session: AsyncSession, row: Retention, before: datetime) -> State:
    after = (datetime.fromisoformat(row.place[0]), row.place[1]) if row.place else None
    deleted, place = await unused_files.delete_before(session, before, after, limit=expired.FILES_AT_ONCE)
    _count(row, RetentionKind.FILES, deleted)
    row.place = [place[0].isoformat(), place[1]] if place else None
    row.stage += place is None
    return "more"


async def _step_of_user(session: AsyncSession, row: Retention, user_id: UserId) -> State:
    if not row.stage:
        # First, because a schedule would start new runs.
        deleted = await erasures.delete_data(session, user_id)
        _count(row, RetentionKind.ACCOUNT_DATA, deleted)
        row.stage += not deleted.items
        return "more"
    if await erasures.cancel_runs(session, user_id, row.created_at):
        return "more"
    for kind, delete in ((RetentionKind.RUNS, erasures.delete_runs), (RetentionKind.FILES, erasures.delete_files)):
        deleted = await delete(session, user_id, row.created_at)
        if deleted.items:
            _count(row, kind, deleted)
            return "more"
    return "waiting" if await erasures.is_waiting(session, user_id, row.created_at) else "done"


def _count(row: Retention, kind: RetentionKind, deleted: Deleted) -> None:
    if deleted.items:
        row.deleted = {**row.deleted, str(kind): row.deleted.get(kind, 0) + deleted.items}
        row.bytes_freed += deleted.bytes


async def _locked(session: AsyncSession, retention_id: RetentionId) -> Retention:
    return (await session.scalars(select(Retention).where(Retention.id == retention_id).with_for_update())).one()


async def _now(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now
