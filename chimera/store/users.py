"""Users, and the refresh tokens of their sessions (a session is a family of tokens, each used once)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, bindparam, column, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, sql_of
from chimera.db.tables import ApiKey, RefreshToken, User
from models.errors import Conflict
from models.ids import UserId
from models.remedies import Action, Remedy
from models.users import MeChange, MeView, Preferences, Role, Scope, UserKind, UserView

KNOWN_FOR = timedelta(days=90)
"""How long an address counts as known after a sign-in there."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """The rights of a live session's or API key's user."""

    role: Role
    """For a key without the scope `admin`, an administrator's role is `user`."""
    scopes: tuple[Scope, ...] | None = None
    """Of an API key; None for a session."""


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """A session, or an API key, whose ID takes the place of the session's."""

    user_id: UserId
    session_id: str


async def create(
    session: AsyncSession,
    email: str,
    password_hash: str | None,
    *,
    name: str = "",
    role: Role = "user",
    kind: UserKind = "person",
) -> UserView:
    """Create a user. Raises Conflict if the e-mail address, or the service account's name, already has an account."""
    statement = (
        insert(User)
        .values(email=email, password_hash=password_hash, name=name, role=role, kind=kind)
        .on_conflict_do_nothing(index_elements=[User.email])
        .returning(User)
    )
    user = await session.scalar(statement)
    if user is None:
        raise taken(email) if kind == "person" else _name_taken(email)
    return view_of(user)


def taken(email: str) -> Conflict:
    """Return the error for an e-mail address that has an account."""
    return Conflict(f"{email!r} already has an account. Sign in.", field="email", remedy=Remedy(action=Action.SIGN_IN))


def _name_taken(name: str) -> Conflict:
    return Conflict(f"A service account named {name!r} already exists. Choose another name.", field="name")


async def change_email(session: AsyncSession, user: User, email: str) -> None:
    """Give a locked user another e-mail address. Raises Conflict if it has an account."""
    if await by_email(session, email) is not None:
        raise taken(email)
    try:
        async with session.begin_nested():
            user.email = email
    except IntegrityError:
        # Another user got the address at the same moment.
        raise taken(email) from None


async def by_email(session: AsyncSession, email: str) -> User | None:
    return await session.scalar(select(User).where(User.email == email))


async def by_id(session: AsyncSession, user_id: UserId, *, lock: bool = False) -> User | None:
    # Runs refer to the row, so a stronger lock would stop them from being accepted.
    return await session.get(User, user_id, with_for_update={"key_share": True} if lock else None)


async def email_of(session: AsyncSession, user_id: UserId) -> str:
    """Return a user's e-mail address; empty if the user no longer exists."""
    return await session.scalar(select(User.email).where(User.id == user_id)) or ""


async def is_empty(session: AsyncSession) -> bool:
    """Return whether there is no user, and keep others from creating the first one until this transaction ends."""
    # SQLAlchemy has no construct for this statement.
    await sql.execute(session, "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", {})
    return await session.scalar(select(User.id).limit(1)) is None


async def has_administrator(session: AsyncSession, *, lock: bool = False) -> bool:
    """Return whether there is an administrator. With `lock`, no other user becomes one until this transaction ends."""
    if lock:
        # SQLAlchemy has no construct for this statement.
        await sql.execute(session, "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", {})
    return await session.scalar(select(User.id).where(User.role == "admin", User.deleted_at.is_(None))) is not None


async def set_password_hash(
    session: AsyncSession, user_id: UserId, password_hash: str, *, instead_of: str | None = None
) -> bool:
    """Set a user's password. With `instead_of`, only an enabled user's, and only if this is still the hash.

    Returns whether it was set.
    """
    statement = update(User).where(User.id == user_id).values(password_hash=password_hash).returning(User.id)
    if instead_of is not None:
        statement = statement.where(User.password_hash == instead_of, User.disabled_at.is_(None))
    return await session.scalar(statement) is not None


async def can_sign_in(session: AsyncSession, user_id: UserId, *, password_hash: str | None = None) -> bool:
    """Return whether a user is enabled and still has this `password_hash`, if one is given.

    Both stay so until this transaction ends.
    """
    statement = select(User.id).where(User.id == user_id, User.disabled_at.is_(None))
    if password_hash is not None:
        statement = statement.where(User.password_hash == password_hash)
    return await session.scalar(statement.with_for_update(key_share=True)) is not None


_ASKED = (
    func.unnest(bindparam("users", type_=ARRAY(Uuid)), bindparam("sessions", type_=ARRAY(Uuid)))
    .table_valued(column("user_id", Uuid), column("session_id", Uuid))
    .render_derived("asked")
)
_IS_LIVE = exists().where(
    RefreshToken.family_id == _ASKED.c.session_id, RefreshToken.user_id == User.id, RefreshToken.revoked_at.is_(None)
)
_IS_VALID = and_(
    ApiKey.id == _ASKED.c.session_id,
    ApiKey.owner_id == User.id,
    or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
)
# Compiled once, for the driver: it is run every few seconds for open sockets and streams.
_ACCOUNT_STATES = sql_of(
    select(User.id, _ASKED.c.session_id, User.role, ApiKey.scopes)
    .join_from(_ASKED, User, User.id == _ASKED.c.user_id)
    .outerjoin(ApiKey, _IS_VALID)
    .where(User.disabled_at.is_(None), or_(ApiKey.id.is_not(None), _IS_LIVE))
)


async def account_states_of(
    connection: Connection, asked: Collection[SessionOwner]
) -> dict[SessionOwner, AccountState | None]:
    """Return each session's account state; None if the user is disabled, the session has ended or the key is gone."""
    values = {"users": [one.user_id for one in asked], "sessions": [one.session_id for one in asked]}
    rows = await connection.execute(_ACCOUNT_STATES, values)
    found = {
        SessionOwner(UserId(str(row.id)), str(row.session_id)): _state_of(row.role, row.scopes) async for row in rows
    }
    return {one: found.get(one) for one in asked}


def _state_of(role: Role, scopes: Sequence[Scope] | None) -> AccountState:
    if scopes is None:
        return AccountState(role)
    return AccountState("user" if role == "admin" and "admin" not in scopes else role, tuple(scopes))


async def add_refresh_token(
    session: AsyncSession,
    user_id: UserId,
    session_id: str,
    token_sha256: str,
    life: timedelta,
    address: str = "",
    client: str = "",
) -> None:
    """Store a token of a session. The address and program are stored only with a session's first token."""
    await session.execute(
        insert(RefreshToken).values(
            user_id=user_id,
            family_id=session_id,
            token_sha256=token_sha256,
            expires_at=func.now() + life,
            address=address or None,
            client=client or None,
        )
    )


async def has_signed_in_from(session: AsyncSession, email: str, address: str) -> bool:
    """Return whether a session of this user recently began at this address. It takes one statement in either case."""
    began = (
        select(RefreshToken.id)
        .join(User, User.id == RefreshToken.user_id)
        .where(User.email == email, RefreshToken.address == address, RefreshToken.created_at > func.now() - KNOWN_FOR)
    )
    return bool(await session.scalar(select(began.exists())))


async def use_refresh_token(session: AsyncSession, token_sha256: str) -> SessionOwner | None:
    """Mark a token as used and return its session, or None if it can't be used. Of two uses at once, one gets None."""
    enabled = select(User.id).where(User.id == RefreshToken.user_id, User.disabled_at.is_(None)).exists()
    statement = (
        update(RefreshToken)
        .where(
            RefreshToken.token_sha256 == token_sha256,
            RefreshToken.used_at.is_(None),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > func.now(),
            enabled,
        )
        .values(used_at=func.now())
        .returning(RefreshToken.user_id, RefreshToken.family_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else SessionOwner(UserId(row.user_id), row.family_id)


async def was_used_within(session: AsyncSession, token_sha256: str, seconds: float) -> bool:
    """Return whether a refresh token of a session that goes on was used in the last `seconds`."""
    statement = select(RefreshToken.id).where(
        RefreshToken.token_sha256 == token_sha256,
        RefreshToken.used_at > func.now() - timedelta(seconds=seconds),
        RefreshToken.revoked_at.is_(None),
    )
    return await session.scalar(statement) is not None


async def session_of_token(session: AsyncSession, token_sha256: str) -> SessionOwner | None:
    """Return the session of a refresh token, whether or not it has been used; None if the session has ended."""
    statement = select(RefreshToken.user_id, RefreshToken.family_id).where(
        RefreshToken.token_sha256 == token_sha256, RefreshToken.revoked_at.is_(None)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else SessionOwner(UserId(row.user_id), row.family_id)


async def end_session(session: AsyncSession, session_id: str) -> None:
    """Revoke every token of a session."""
    await _revoke(session, RefreshToken.family_id == session_id)


async def end_sessions_of(session: AsyncSession, user_id: UserId, *, but: str | None = None) -> int:
    """Revoke every token of every session of a user, except the session `but`; return how many sessions ended."""
    others = [] if but is None else [RefreshToken.family_id != but]
    return len(await _revoke(session, RefreshToken.user_id == user_id, *others))


async def _revoke(session: AsyncSession, *which: ColumnElement[bool]) -> set[str]:
    """Revoke these tokens, and return their sessions."""
    live = update(RefreshToken).where(*which, RefreshToken.revoked_at.is_(None)).values(revoked_at=func.now())
    statement, ended = live.returning(RefreshToken.family_id), set[str]()
    # A statement that waited for a refresh doesn't see the token that the refresh has added. The next one does.
    while families := set(await session.scalars(statement)):
        ended |= families
    return ended


async def end_session_of_used_token(session: AsyncSession, token_sha256: str) -> SessionOwner | None:
    """End the session of a token that has been used before, and return it; None for any other token."""
    found = await session.execute(
        select(RefreshToken.user_id, RefreshToken.family_id).where(
            RefreshToken.token_sha256 == token_sha256, RefreshToken.used_at.is_not(None)
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    await end_session(session, row.family_id)
    return SessionOwner(UserId(row.user_id), row.family_id)


def change_own(user: User, change: MeChange) -> dict[str, Any]:
    """Change a user's name and preferences; return what has changed. The caller changes the e-mail address."""
    changed: dict[str, Any] = {}
    if change.name is not None and change.name != user.name:
        changed["name"] = user.name = change.name
    if change.preferences is not None and change.preferences.model_dump() != user.preferences:
        changed["preferences"] = user.preferences = change.preferences.model_dump()
    if change.email is not None and change.email != user.email:
        changed["email"] = change.email
    return changed


def me_view_of(user: User) -> MeView:
    # Preferences of a later version are ignored.
    known = {name: value for name, value in user.preferences.items() if name in Preferences.model_fields}
    return MeView(**view_of(user).model_dump(), preferences=Preferences.model_validate(known))


def view_of(user: User) -> UserView:
    return UserView.model_validate(user, from_attributes=True)
