"""Whose figures a caller may see."""

from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import User
from models.errors import Forbidden, NotFound
from models.ids import UserId
from models.users import Caller

EVERYONE: Literal["all"] = "all"


async def owner_shown(session: AsyncSession, caller: Caller, user_id: str | None) -> UserId | None:
    """Return the user whose figures are shown: the caller, or for administrators any user, or None for all users.

    Raises Forbidden if another caller asks for all users, and NotFound for any other user.
    """
    if user_id is None or user_id == caller.user_id:
        return caller.user_id
    if user_id == EVERYONE:
        if caller.role != "admin":
            raise Forbidden("Only administrators can see the figures of all users.")
        return None
    if caller.role != "admin" or await session.scalar(select(User.id).where(User.id == user_id)) is None:
        raise NotFound("user", user_id)
    return UserId(user_id)
