"""Sessions of users. A session is a family of refresh tokens; it lives as long as one of them can be used."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import RefreshToken
from chimera.store import pages, users
from chimera.store.pages import Place
from models.errors import NotFound
from models.ids import SessionId, UserId
from models.sessions import SessionView


async def page(
    session: AsyncSession, user_id: UserId, current: str, *, after: Place | None, limit: int
) -> tuple[list[SessionView], Place | None]:
    """Return a page of a user's live sessions, newest first, and the place where it ends if more follow."""
    is_live = (
        RefreshToken.used_at.is_(None) & RefreshToken.revoked_at.is_(None) & (RefreshToken.expires_at > func.now())
    )
    families = (
        select(
            RefreshToken.family_id.label("id"),
            func.min(RefreshToken.created_at).label("created_at"),
            func.greatest(func.max(RefreshToken.created_at), func.max(RefreshToken.last_used_at)).label("last_used_at"),
            func.max(RefreshToken.expires_at).label("expires_at"),
            func.max(RefreshToken.address).label("address"),
            func.max(RefreshToken.client).label("client"),
        )
        .where(RefreshToken.user_id == user_id)
        .group_by(RefreshToken.family_id)
        .having(func.bool_or(is_live))
        .subquery()
    )
    rows = select(families)
    found, place = await pages.newest(session, rows, families.c.created_at, families.c.id, after=after, limit=limit)
    views = [
        SessionView(
            id=SessionId(row.id),
            began_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            address=row.address,
            client=row.client,
            current=row.id == current,
        )
        for row in found
    ]
    return views, place


async def end(session: AsyncSession, user_id: UserId, session_id: SessionId) -> None:
    """End one of a user's sessions. Raises NotFound, also for another user's."""
    own = select(RefreshToken.id).where(
        RefreshToken.family_id == session_id, RefreshToken.user_id == user_id, RefreshToken.revoked_at.is_(None)
    )
    if await session.scalar(own.limit(1)) is None:
        raise NotFound("session", session_id)
    await users.end_session(session, session_id)
