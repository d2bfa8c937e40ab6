"""Accounts as administrators see and change them. Every function here requires an administrator as its caller."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import ApiKey, RefreshToken, User
from chimera.store import pages, users
from models.errors import Conflict, Forbidden, NotFound
from models.ids import UserId
from models.users import Caller, Role, UserChange, UserDetails, UserKind, UserState

STATE = case((User.deleted_at.is_not(None), "deleted"), (User.disabled_at.is_not(None), "disabled"), else_="active")


class UserFilter(NamedTuple):
    """Which accounts to list, and in which order."""

    kind: UserKind = "person"
    role: Role | None = None
    state: UserState | None = None
    """Without it, all accounts but deleted ones."""
    q: str | None = None
    order: str = "-created_at"


_KEYS = {"created_at": User.created_at, "email": User.email}


async def page(
    session: AsyncSession, *, only: UserFilter, after: tuple[Any, str] | None, limit: int
) -> tuple[list[UserDetails], tuple[Any, str] | None]:
    """Return a page of accounts, and the place where it ends if more follow."""
    key = _KEYS[only.order.removeprefix("-")]
    rows = _details().add_columns(key.label("sort_key")).where(*_conditions(only))
    found, place = await pages.ordered(
        session, rows, key, User.id, descending=only.order.startswith("-"), after=after, limit=limit
    )
    return [_view_of(row) for row in found], place


async def one(session: AsyncSession, user_id: UserId) -> UserDetails:
    """Return an account. Raises NotFound."""
    row = (await session.execute(_details().where(User.id == user_id))).one_or_none()
    if row is None:
        raise NotFound("user", user_id)
    return _view_of(row)


async def change(
    session: AsyncSession, user_id: UserId, change: UserChange, *, by: Caller | None = None
) -> dict[str, Any]:
    """Change an account, and return what has changed, with the new values.

    Raises as `locked` does, and Conflict if no administrator would be left.
    """
    user = await locked(session, user_id, by=by)
    changed = {
        name: value
        for name, value in change.model_dump(exclude_none=True).items()
        if value != (user.disabled_at is not None if name == "disabled" else getattr(user, name))
    }
    if changed.get("disabled") or changed.get("role", "admin") != "admin":
        await check_not_last(session, user)
    for name in changed.keys() & {"role", "name"}:
        setattr(user, name, changed[name])
    if "disabled" in changed:
        user.disabled_at = func.now() if changed["disabled"] else None
        if changed["disabled"]:
            await users.end_sessions_of(session, user_id)
    await session.flush()
    return changed


async def locked(session: AsyncSession, user_id: UserId, *, by: Caller | None = None) -> User:
    """Return an account that isn't deleted, locked. Raises NotFound, Conflict, and Forbidden as `check_acting` does.

    All administrators are locked too, so that two can't remove each other at the same time.
    """
    if by is None:
        await _lock_administrators(session)
    else:
        await check_acting(session, by)
    statement = select(User).where(User.id == user_id).with_for_update(key_share=True)
    user = await session.scalar(statement.execution_options(populate_existing=True))
    if user is None:
        raise NotFound("user", user_id)
    if user.deleted_at is not None:
        raise Conflict("This account was deleted. It can't be changed anymore.")
    return user


async def check_acting(session: AsyncSession, by: Caller) -> None:
    """Raise Forbidden unless the caller is an administrator now, who then stays one until this transaction ends.

    What is known of a caller may be 3 s old. In that time, a former administrator could take the role back.
    """
    if by.user_id not in await _lock_administrators(session):
        raise Forbidden("Only administrators can do this. Ask an administrator.")


async def _lock_administrators(session: AsyncSession) -> set[str]:
    """Lock all administrators, always in the same order, and return those that are enabled."""
    admins = select(User.id, User.disabled_at).where(User.role == "admin", User.deleted_at.is_(None)).order_by(User.id)
    found = await session.execute(admins.with_for_update(key_share=True))
    return {row.id for row in found if row.disabled_at is None}


async def check_not_last(session: AsyncSession, user: User) -> None:
    """Raise Conflict if the installation would have no administrator without this user, who must be locked."""
    if user.role != "admin" or user.kind != "person" or user.disabled_at is not None:
        return
    others = select(User.id).where(
        User.role == "admin", User.kind == "person", User.disabled_at.is_(None), User.id != user.id
    )
    if await session.scalar(others.limit(1)) is None:
        raise Conflict("This is the last administrator. First give another user the role 'admin'.")


def _conditions(only: UserFilter) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [User.kind == only.kind]
    conditions.append(User.deleted_at.is_(None) if only.state is None else literal(only.state) == STATE)
    if only.role is not None:
        conditions.append(User.role == only.role)
    if only.q:
        wanted = only.q.lower()
        found = func.strpos(User.email, wanted) > 0
        conditions.append(found | (func.strpos(func.lower(User.name), wanted) > 0))
    return conditions


def _details() -> Select[*tuple[Any, ...]]:
    of_sessions = select(func.greatest(func.max(RefreshToken.created_at), func.max(RefreshToken.last_used_at)))
    of_keys = select(func.max(ApiKey.last_used_at)).where(ApiKey.owner_id == User.id)
    return select(
        User.id,
        User.email,
        User.name,
        User.role,
        User.kind,
        User.created_at,
        STATE.label("state"),
        User.password_hash.is_not(None).label("has_password"),
        func.greatest(
            of_sessions.where(RefreshToken.user_id == User.id).scalar_subquery(), of_keys.scalar_subquery()
        ).label("last_used_at"),
    )


def _view_of(row: Row[*tuple[Any, ...]]) -> UserDetails:
    return UserDetails.model_validate(row._asdict())
