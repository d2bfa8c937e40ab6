"""A user's notifications: read page by page, marked as read, and deleted when they are old."""

import time
from datetime import timedelta

from sqlalchemy import BigInteger, CursorResult, Select, Text, Update, cast, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Database
from chimera.db.tables import Notification, Run
from chimera.ledger.notifications import view_of
from models.errors import NotFound
from models.ids import UserId
from models.notifications import MAX_COUNTED, NotificationId, NotificationView

EXPIRY_SECONDS = 600.0
"""How often a worker deletes old notifications."""
MAX_EXPIRED = 5000
"""Maximum number of notifications that one statement deletes."""


async def page(
    session: AsyncSession, owner_id: UserId, *, unread: bool, after: NotificationId | None, limit: int
) -> tuple[list[NotificationView], NotificationId | None]:
    """Return up to `limit` notifications, newest first, and the last one's ID if more follow."""
    found = _of(owner_id).order_by(Notification.id.desc()).limit(limit + 1)
    if unread:
        found = found.where(Notification.read_at.is_(None))
    if after is not None:
        found = found.where(Notification.id < after)
    rows = (await session.execute(found)).all()
    views = [view_of(row._asdict()) for row in rows[:limit]]
    return views, views[-1].id if len(rows) > limit else None


async def unread(session: AsyncSession, owner_id: UserId) -> int:
    """Count a user's unread notifications, up to `MAX_COUNTED`."""
    some = _of(owner_id).where(Notification.read_at.is_(None)).limit(MAX_COUNTED).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


async def mark_read(session: AsyncSession, owner_id: UserId, notification_id: NotificationId) -> NotificationView:
    """Mark one of the user's notifications as read. Raises NotFound, also for another user's."""
    row = (await session.execute(_of(owner_id).where(Notification.id == notification_id))).one_or_none()
    if row is None:
        raise NotFound("notification", str(notification_id))
    await session.execute(_read(owner_id).where(Notification.id == notification_id))
    return view_of((await session.execute(_of(owner_id).where(Notification.id == notification_id))).one()._asdict())


async def mark_all_read(session: AsyncSession, owner_id: UserId, up_to: NotificationId) -> int:
    """Mark the user's notifications up to an ID as read; return how many were unread."""
    marked = await session.execute(_read(owner_id).where(Notification.id <= up_to))
    assert isinstance(marked, CursorResult)
    return marked.rowcount


class Expiry:
    """Deletes old notifications from time to time. Every worker does so."""

    def __init__(self, database: Database, kept: timedelta) -> None:
        self._database = database
        self._kept = kept
        self._next = float("-inf")

    async def sweep(self) -> None:
        """Delete notifications that are too old, unless that was done a moment ago."""
        if time.monotonic() < self._next:
            return
        async with self._database.begin() as session:
            is_done = await delete_old(session, self._kept) < MAX_EXPIRED
        self._next = time.monotonic() + EXPIRY_SECONDS if is_done else self._next


async def delete_old(session: AsyncSession, kept: timedelta) -> int:
    """Delete up to `MAX_EXPIRED` notifications that were created earlier than `kept` ago; return how many."""
    old = select(Notification.id).where(Notification.created_at < func.now() - kept).limit(MAX_EXPIRED)
    gone = await session.execute(delete(Notification).where(Notification.id.in_(old.with_for_update(skip_locked=True))))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _of(owner_id: UserId) -> Select[*tuple[object, ...]]:
    shown = or_(Notification.run_id.is_(None), Run.deleted_at.is_(None))
    return (
        select(*Notification.__table__.columns)
        .outerjoin(Run, Run.id == Notification.run_id)
        .where(Notification.owner_id == owner_id, shown)
    )


def _read(owner_id: UserId) -> Update:
    of_owner = update(Notification).where(Notification.owner_id == owner_id, Notification.read_at.is_(None))
    return of_owner.values(read_at=func.now(), txid=cast(cast(func.pg_current_xact_id(), Text), BigInteger))
