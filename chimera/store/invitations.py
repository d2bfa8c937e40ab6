"""Invitations to create an account. Each is used once."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Invitation, User
from chimera.store import pages
from chimera.store.pages import Place
from models.errors import NotFound
from models.ids import InvitationId, UserId
from models.invitations import InvitationSpec, InvitationView
from models.users import Role

LISTED_FOR = timedelta(days=90)
"""How long an invitation is listed after it has expired."""
PRUNED_AT_ONCE = 5_000

_INVITER = select(User.id).where(User.id == Invitation.invited_by, User.role == "admin", User.disabled_at.is_(None))
_IS_OPEN = (Invitation.used_at.is_(None), Invitation.expires_at > func.now(), _INVITER.exists())
"""An invitation is worth as much as its inviter: those of former administrators can't be used."""


class Accepted(NamedTuple):
    """A used invitation."""

    id: InvitationId
    role: Role


async def create(session: AsyncSession, invited_by: UserId, spec: InvitationSpec, token_sha256: str) -> InvitationView:
    row = Invitation(
        invited_by=invited_by,
        email=spec.email,
        role=spec.role,
        token_sha256=token_sha256,
        expires_at=func.now() + timedelta(hours=spec.expires_in_hours),
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return view_of(row)


async def page(session: AsyncSession, *, after: Place | None, limit: int) -> tuple[list[InvitationView], Place | None]:
    """Return a page of invitations, newest first, and the place where it ends if more follow."""
    rows = select(Invitation, Invitation.created_at, Invitation.id)
    found, place = await pages.newest(session, rows, Invitation.created_at, Invitation.id, after=after, limit=limit)
    return [view_of(row.Invitation) for row in found], place


async def remove(session: AsyncSession, invitation_id: InvitationId) -> None:
    """Delete an invitation, so that it can't be used. Raises NotFound."""
    gone = await session.scalar(delete(Invitation).where(Invitation.id == invitation_id).returning(Invitation.id))
    if gone is None:
        raise NotFound("invitation", invitation_id)


async def use(session: AsyncSession, token_sha256: str, email: str) -> Accepted | None:
    """Mark an invitation as used, and return it; None if it can't be used. Of two uses at once, one gets None."""
    statement = (
        update(Invitation)
        .where(
            Invitation.token_sha256 == token_sha256,
            or_(Invitation.email.is_(None), Invitation.email == email),
            *_IS_OPEN,
        )
        .values(used_at=func.now())
        .returning(Invitation.id, Invitation.role)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Accepted(InvitationId(row.id), row.role)


async def use_for(session: AsyncSession, email: str) -> Accepted | None:
    """Mark the invitation of a verified e-mail address as used, and return it; None if the address has none.

    An invitation for any address is only for those who have its token.
    """
    first = (
        select(Invitation.id)
        .where(Invitation.email == email, *_IS_OPEN)
        .order_by(Invitation.expires_at)
        .limit(1)
        .with_for_update()
    )
    statement = update(Invitation).where(Invitation.id.in_(first)).values(used_at=func.now())
    row = (await session.execute(statement.returning(Invitation.id, Invitation.role))).one_or_none()
    return None if row is None else Accepted(InvitationId(row.id), row.role)


async def is_usable(session: AsyncSession, token_sha256: str, email: str) -> bool:
    """Return whether an invitation can still be used for this e-mail address."""
    usable = select(Invitation.id).where(
        Invitation.token_sha256 == token_sha256,
        or_(Invitation.email.is_(None), Invitation.email == email),
        *_IS_OPEN,
    )
    return await session.scalar(usable) is not None


async def note_account(session: AsyncSession, invitation_id: InvitationId, user_id: UserId) -> None:
    """Note the account that an invitation created."""
    await session.execute(update(Invitation).where(Invitation.id == invitation_id).values(user_id=user_id))


async def prune(session: AsyncSession) -> None:
    """Delete invitations that expired long ago, whether or not they were used, at most 5,000."""
    old = select(Invitation.id).where(Invitation.expires_at < func.now() - LISTED_FOR).limit(PRUNED_AT_ONCE)
    await session.execute(delete(Invitation).where(Invitation.id.in_(old.with_for_update(skip_locked=True))))


def view_of(row: Invitation) -> InvitationView:
    return InvitationView.model_validate(row, from_attributes=True)
