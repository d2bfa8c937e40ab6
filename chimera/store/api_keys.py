"""API keys of users."""

from datetime import timedelta
from typing import NamedTuple, get_args

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection, sql_of
from chimera.db.tables import ApiKey, RefreshToken
from chimera.store import pages
from chimera.store.pages import Place
from models.api_keys import PREFIX, ApiKeySpec, ApiKeyView
from models.errors import NotFound
from models.ids import ApiKeyId, UserId
from models.users import Scope

SHOWN_CHARS = 8
NOTED_WITHIN = timedelta(minutes=1)


class Holder(NamedTuple):
    """The columns of a key that never change."""

    owner_id: UserId
    secret_sha256: str


async def create(
    session: AsyncSession, owner_id: UserId, spec: ApiKeySpec, key_id: ApiKeyId, secret_sha256: str
) -> ApiKeyView:
    """Store a key. The caller checks the limit on keys, and that the owner may have these scopes."""
    row = ApiKey(
        id=key_id,
        owner_id=owner_id,
        name=spec.name,
        secret_sha256=secret_sha256,
        scopes=[scope for scope in get_args(Scope) if scope in spec.scopes],
    )
    if spec.expires_in_days is not None:
        row.expires_at = func.now() + timedelta(days=spec.expires_in_days)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return view_of(row)


async def page(
    session: AsyncSession, owner_id: UserId, *, after: Place | None, limit: int
) -> tuple[list[ApiKeyView], Place | None]:
    """Return a page of the owner's keys, newest first, and the place where it ends if more follow."""
    rows = select(ApiKey, ApiKey.created_at, ApiKey.id).where(ApiKey.owner_id == owner_id)
    found, place = await pages.newest(session, rows, ApiKey.created_at, ApiKey.id, after=after, limit=limit)
    return [view_of(row.ApiKey) for row in found], place


async def remove(session: AsyncSession, owner_id: UserId, key_id: ApiKeyId) -> str:
    """Delete a key and return its name. Raises NotFound, also for another user's key."""
    statement = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.owner_id == owner_id).returning(ApiKey.name)
    name = await session.scalar(statement)
    if name is None:
        raise NotFound("API key", key_id)
    return name


_HOLDER = sql_of(select(ApiKey.owner_id, ApiKey.secret_sha256).where(ApiKey.id == bindparam("key_id")))


async def holder_of(connection: Connection, key_id: ApiKeyId) -> Holder | None:
    """Return the owner of a key, and its hash; None if there is no such key."""
    row = await (await connection.execute(_HOLDER, {"key_id": key_id})).fetchone()
    return None if row is None else Holder(UserId(str(row.owner_id)), row.secret_sha256)


def _note(table: type[ApiKey | RefreshToken]) -> str:
    is_due = or_(table.last_used_at.is_(None), table.last_used_at < func.now() - bindparam("within", NOTED_WITHIN))
    is_meant = (
        table.id == bindparam("meant")
        if issubclass(table, ApiKey)
        else (table.family_id == bindparam("meant")) & table.used_at.is_(None)
    )
    return sql_of(update(table).where(is_meant, is_due).values(last_used_at=func.now()))


_NOTE_KEY, _NOTE_SESSION = _note(ApiKey), _note(RefreshToken)


async def note_use(connection: Connection, id: str, *, is_key: bool) -> None:
    """Note that a key or session is used now, unless that was noted less than a minute ago."""
    await connection.execute(_NOTE_KEY if is_key else _NOTE_SESSION, {"meant": id, "within": NOTED_WITHIN})


def view_of(row: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=ApiKeyId(row.id),
        name=row.name,
        begins_with=f"{PREFIX}{row.id.replace('-', '')[:SHOWN_CHARS]}",
        scopes=tuple(scope for scope in get_args(Scope) if scope in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
