"""One-time tickets: created for a session, and deleted by their first use."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Ticket
from chimera.store.users import SessionOwner
from models.ids import UserId

PRUNED_AT_ONCE = 5_000
MAX_UNUSED = 20
"""Maximum number of a user's unused tickets. Creating another one deletes the oldest."""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The session that a ticket was created for, and when the token expires that it was requested with."""

    owner: SessionOwner
    session_expires_at: datetime | None
    """None for an API key."""


async def create(
    session: AsyncSession, owner: SessionOwner, sha256: str, *, life: timedelta, session_expires_at: datetime | None
) -> None:
    """Store a ticket, and delete those that have expired or are too many."""
    of_user = select(Ticket.sha256).where(Ticket.user_id == owner.user_id).order_by(Ticket.created_at.desc())
    too_many = of_user.offset(MAX_UNUSED - 1).with_for_update(skip_locked=True)
    expired = select(Ticket.sha256).where(Ticket.expires_at <= func.now()).limit(100).with_for_update(skip_locked=True)
    for old in (too_many, expired):
        await session.execute(delete(Ticket).where(Ticket.sha256.in_(old)))
    await session.execute(
        insert(Ticket).values(
            sha256=sha256,
            user_id=owner.user_id,
            session_id=owner.session_id,
            session_expires_at=session_expires_at,
            expires_at=func.now() + life,
        )
    )


async def redeem(session: AsyncSession, sha256: str) -> Redeemed | None:
    """Delete a ticket and return its session, or None if there is none or it has expired. Of two uses, one gets it."""
    used = delete(Ticket).where(Ticket.sha256 == sha256)
    gone = used.returning(
        Ticket.user_id, Ticket.session_id, Ticket.session_expires_at, (Ticket.expires_at > func.now()).label("is_valid")
    )
    row = (await session.execute(gone)).one_or_none()
    if row is None or not row.is_valid:
        return None
    return Redeemed(SessionOwner(UserId(row.user_id), row.session_id), row.session_expires_at)


async def prune(session: AsyncSession) -> None:
    """Delete tickets that expired without being used, at most 5,000."""
    old = select(Ticket.sha256).where(Ticket.expires_at <= func.now()).limit(PRUNED_AT_ONCE)
    await session.execute(delete(Ticket).where(Ticket.sha256.in_(old.with_for_update(skip_locked=True))))
