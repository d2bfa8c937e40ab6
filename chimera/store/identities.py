"""Users' accounts at identity providers. An account is known by its issuer and subject, never by its e-mail address."""

from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Identity, User
from chimera.store import users
from models.errors import Conflict
from models.ids import UserId
from models.users import Role


async def user_of(session: AsyncSession, issuer: str, subject: str) -> User | None:
    """Return the user with this account at the provider."""
    of_user = select(User).join(Identity, Identity.user_id == User.id)
    return await session.scalar(of_user.where(Identity.issuer == issuer, Identity.subject == subject))


async def create_user(
    session: AsyncSession, issuer: str, subject: str, *, email: str | None, name: str, role: Role
) -> User:
    """Create a user without a password for an account at the provider.

    `email` must be verified; without it, the user has none. Raises Conflict if it has an account already.
    """
    user = await users.create(session, email or f"oidc-{uuid4()}", None, name=name, role=role)
    await link(session, user.id, issuer, subject)
    created = await users.by_id(session, user.id)
    assert created is not None
    return created


async def link(session: AsyncSession, user_id: UserId, issuer: str, subject: str) -> None:
    """Link an account at the provider to a user. Raises Conflict if it is linked to a user already."""
    statement = (
        insert(Identity)
        .values(user_id=user_id, issuer=issuer, subject=subject)
        .on_conflict_do_nothing(constraint="identities_issuer_subject")
        .returning(Identity.id)
    )
    if await session.scalar(statement) is None:
        raise Conflict("This account of the identity provider is already linked to a user. Sign in with it.")
