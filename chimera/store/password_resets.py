"""One-time tokens for new passwords, which administrators create for users who forgot theirs."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import PasswordReset, User
from models.ids import UserId

LIFE = timedelta(minutes=30)
PRUNED_AT_ONCE = 5_000


async def create(session: AsyncSession, user_id: UserId, token_sha256: str) -> datetime:
    """Store a token, which replaces the user's earlier ones, and return when it expires."""
    await cancel(session, user_id)
    statement = (
        insert(PasswordReset)
        .values(user_id=user_id, token_sha256=token_sha256, expires_at=func.now() + LIFE)
        .returning(PasswordReset.expires_at)
    )
    return (await session.execute(statement)).scalar_one()


async def cancel(session: AsyncSession, user_id: UserId) -> None:
    """Make all tokens of a user useless."""
    unused = (PasswordReset.user_id == user_id) & PasswordReset.used_at.is_(None)
    await session.execute(update(PasswordReset).where(unused).values(used_at=func.now()))


def _usable(token_sha256: str, email: str) -> list[ColumnElement[bool]]:
    of_user = select(User.id).where(User.email == email, User.disabled_at.is_(None)).scalar_subquery()
    return [
        PasswordReset.token_sha256 == token_sha256,
        PasswordReset.user_id == of_user,
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > func.now(),
    ]


async def is_usable(session: AsyncSession, token_sha256: str, email: str) -> bool:
    """Return whether a token can be used for the account with this e-mail address."""
    return await session.scalar(select(PasswordReset.id).where(*_usable(token_sha256, email))) is not None


async def use(session: AsyncSession, token_sha256: str, email: str) -> UserId | None:
    """Mark a token as used, and return its user; None if it can't be used. Of two uses at once, one gets None."""
    statement = (
        update(PasswordReset)
        .where(*_usable(token_sha256, email))
        .values(used_at=func.now())
        .returning(PasswordReset.user_id)
    )
    user_id = await session.scalar(statement)
    return None if user_id is None else UserId(user_id)


async def prune(session: AsyncSession) -> None:
    """Delete tokens that have expired, whether or not they were used, at most 5,000. The audit log names each use."""
    old = select(PasswordReset.id).where(PasswordReset.expires_at <= func.now()).limit(PRUNED_AT_ONCE)
    await session.execute(delete(PasswordReset).where(PasswordReset.id.in_(old.with_for_update(skip_locked=True))))
