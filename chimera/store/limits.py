"""The spending limits that administrators set for users. `chimera/ledger/spending.py` checks them."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import User
from models.errors import NotFound
from models.ids import UserId
from models.limits import UserLimits


async def own_of(session: AsyncSession, user_id: UserId) -> UserLimits:
    """Return a user's own limits. Raises NotFound."""
    return _limits_of(await _found(session, user_id))


async def set_own(session: AsyncSession, user_id: UserId, limits: UserLimits) -> UserLimits:
    """Replace a user's own limits, and return those before. Raises NotFound.

    They apply from the next model call. Runs that wait for a limit continue within seconds if it was raised.
    """
    user = await _found(session, user_id, locked=True)
    before = _limits_of(user)
    user.max_cost_day_micro_usd = limits.max_cost_day_micro_usd
    user.max_cost_month_micro_usd = limits.max_cost_month_micro_usd
    return before


async def _found(session: AsyncSession, user_id: UserId, *, locked: bool = False) -> User:
    query = select(User).where(User.id == user_id, User.deleted_at.is_(None))
    # Runs refer to the row, so a stronger lock would stop them from being accepted.
    user = await session.scalar(query.with_for_update(key_share=True) if locked else query)
    if user is None:
        raise NotFound("user", user_id)
    return user


def _limits_of(user: User) -> UserLimits:
    return UserLimits(
        max_cost_day_micro_usd=user.max_cost_day_micro_usd, max_cost_month_micro_usd=user.max_cost_month_micro_usd
    )
