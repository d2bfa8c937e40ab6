"""The audit log. An entry is written in the transaction of its act, so neither exists without the other."""

from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import AuditEntry, User
from chimera.store import pages
from chimera.store.pages import Place
from models.audit import AuditAction, AuditEntryView
from models.ids import UserId


class Origin(NamedTuple):
    """Where a request comes from."""

    address: str | None = None
    request_id: str | None = None
    client: str = ""
    """The program that sends the request, as it describes itself."""


_NOWHERE = Origin()
origin: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)
"""The origin of the request in progress. The middleware sets it; commands have none."""


class AuditFilter(NamedTuple):
    """Which entries to list."""

    action: AuditAction | None = None
    actor_id: UserId | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def record(
    session: AsyncSession,
    action: AuditAction,
    *,
    actor_id: UserId | None = None,
    subject_id: str | None = None,
    **details: object,
) -> None:
    """Write an entry. `details` must be JSON values without secrets."""
    came_from = origin.get()
    await session.execute(
        insert(AuditEntry).values(
            actor_id=actor_id,
            action=action,
            subject_id=subject_id,
            address=came_from.address,
            request_id=came_from.request_id,
            details=details,
        )
    )


async def page(
    session: AsyncSession, *, only: AuditFilter, after: Place | None, limit: int
) -> tuple[list[AuditEntryView], Place | None]:
    """Return a page of entries, newest first, and the place where it ends if more follow."""
    equal = {AuditEntry.action: only.action, AuditEntry.actor_id: only.actor_id, AuditEntry.subject_id: only.subject_id}
    wanted = [column == value for column, value in equal.items() if value is not None]
    if only.since is not None:
        wanted.append(AuditEntry.at >= only.since)
    if only.until is not None:
        wanted.append(AuditEntry.at < only.until)
    rows = (
        select(AuditEntry, AuditEntry.at.label("created_at"), AuditEntry.id, User.email)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(*wanted)
    )
    found, place = await pages.newest(session, rows, AuditEntry.at, AuditEntry.id, after=after, limit=limit)
    return [_view_of(row.AuditEntry, row.email) for row in found], place


def _view_of(entry: AuditEntry, actor: str | None) -> AuditEntryView:
    return AuditEntryView(
        id=entry.id,
        at=entry.at,
        action=entry.action,
        actor_id=UserId(entry.actor_id) if entry.actor_id else None,
        actor=actor,
        subject_id=entry.subject_id,
        address=entry.address,
        request_id=entry.request_id,
        details=entry.details,
    )
