"""Sessions of users. A session is a family of refresh tokens; it lives as long as one of them can be used."""

from datetime import timedelta

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from chimera.db.tables import RefreshToken
from chimera.store import pages, users
from chimera.store.pages import Place
from models.errors import NotFound
from models.ids import SessionId, UserId
from models.sessions import SessionView

PRUNED_AT_ONCE = 5_000
_MARGIN = timedelta(days=1)
"""The longest life of an access token, so that no session ends because its tokens were deleted."""


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


async def prune(session: AsyncSession) -> None:
    """Delete tokens that expired more than a day ago, at most 5,000 first tokens of sessions and 5,000 others.

    Used tokens are kept until they expire, because a second use ends the session. A session's first token says where it
    began, so it is kept as long as the session, and as long as its address counts as known.
    """
    other = aliased(RefreshToken)
    of_session = select(other.id).where(other.family_id == RefreshToken.family_id)
    is_over = ~of_session.where(other.expires_at > func.now()).exists()
    has_earlier = of_session.where(other.created_at < RefreshToken.created_at).exists()
    says_where = or_(RefreshToken.address.is_not(None), RefreshToken.client.is_not(None))
    says_nothing = and_(RefreshToken.address.is_(None), RefreshToken.client.is_(None))
    for useless in (
        and_(says_nothing, or_(has_earlier, is_over)),
        and_(says_where, RefreshToken.created_at < func.now() - users.KNOWN_FOR, is_over),
    ):
        old = select(RefreshToken.id).where(RefreshToken.expires_at < func.now() - _MARGIN, useless)
        batch = old.limit(PRUNED_AT_ONCE).with_for_update(skip_locked=True)
        await session.execute(delete(RefreshToken).where(RefreshToken.id.in_(batch)))
