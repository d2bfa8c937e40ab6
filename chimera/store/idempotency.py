"""Idempotency keys of requests that don't start runs: each is claimed before the work, and keeps its answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import uuid4

from sqlalchemy import Delete, Update, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import KeyedRequest
from models.errors import IdempotencyKeyReused, RequestInProgress
from models.ids import UserId

_Statement = TypeVar("_Statement", Update, Delete)

KEPT_FOR = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(seconds=120)
"""Longer than any of these requests takes: the process that a request without an answer began in has ended."""


class Kept(NamedTuple):
    """The answer to an earlier request."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Claim(NamedTuple):
    """One try of a request. Only the latest try may write the answer."""

    id: str
    """The same for every try, until the key is free again. Other systems can recognize a repeated request by it."""
    owner_id: UserId
    key: str
    began_at: datetime


async def claim(session: AsyncSession, owner_id: UserId, key: str, sha256: str) -> Claim | Kept:
    """Claim a key for a request, or return the answer that the same request has got.

    Raises IdempotencyKeyReused if the key belongs to another request, and RequestInProgress.
    """
    new = {"id": str(uuid4()), "owner_id": owner_id, "key": key, "request_sha256": sha256}
    statement = insert(KeyedRequest).values(new)
    is_given_up = (
        (KeyedRequest.owner_id == owner_id)
        & KeyedRequest.status.is_(None)
        & (KeyedRequest.request_sha256 == sha256)
        & (KeyedRequest.started_at < func.now() - GIVEN_UP_AFTER)
    )
    taken = statement.on_conflict_do_update(
        index_elements=[KeyedRequest.owner_id, KeyedRequest.key],
        set_={"started_at": func.now()},
        where=is_given_up,
    ).returning(KeyedRequest.id, KeyedRequest.started_at)
    if (row := (await session.execute(taken)).one_or_none()) is not None:
        return Claim(row.id, owner_id, key, row.started_at)
    found = select(KeyedRequest).where(KeyedRequest.owner_id == owner_id, KeyedRequest.key == key)
    before = await session.scalar(found)
    if before is None:
        # It has failed at this very moment.
        raise RequestInProgress(key)
    if before.request_sha256 != sha256:
        raise IdempotencyKeyReused(key)
    if before.status is None:
        raise RequestInProgress(key)
    names, values = before.headers[::2], before.headers[1::2]
    return Kept(before.status, list(zip(names, values, strict=True)), before.body or b"")


async def keep(session: AsyncSession, claim: Claim, answer: Kept) -> bool:
    """Write the answer to a request, and return True; False if another try has replaced this one."""
    headers = [part for header in answer.headers for part in header]
    values = {"status": answer.status, "headers": headers, "body": answer.body}
    kept = await session.scalar(_try(update(KeyedRequest), claim).values(values).returning(KeyedRequest.id))
    return kept is not None


async def forget(session: AsyncSession, claim: Claim) -> None:
    """Free the key of a request that had no effect, so that it can be corrected and sent again."""
    await session.execute(_try(delete(KeyedRequest), claim))


async def give_up(session: AsyncSession, claim: Claim) -> None:
    """Let a request that may have had an effect be repeated at once, but not corrected. A kept answer stays."""
    given_up = _try(update(KeyedRequest), claim).where(KeyedRequest.status.is_(None))
    await session.execute(given_up.values(started_at=KeyedRequest.started_at - GIVEN_UP_AFTER))


async def forget_old(session: AsyncSession) -> None:
    """Delete the rows of all users that are older than a day."""
    await session.execute(delete(KeyedRequest).where(KeyedRequest.started_at < func.now() - KEPT_FOR))


def _try(statement: _Statement, claim: Claim) -> _Statement:
    return statement.where(
        KeyedRequest.owner_id == claim.owner_id,
        KeyedRequest.key == claim.key,
        KeyedRequest.id == claim.id,
        KeyedRequest.started_at == claim.began_at,
    )
