"""Embeddings, images and transcriptions: taken in once per idempotency key, handed over, cancelled.

Their attempts at a provider are in `ai_call_attempts.py`, what is shown of them in `ai_call_views.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Connection
from chimera.db.tables import AiCall
from models.ai_calls import OPEN, AiCallStatus, Operation
from models.errors import CallCancelled, Conflict, IdempotencyKeyReused, NotFound
from models.ids import AiCallId, UserId
from models.users import Caller

_OPEN = tuple(sorted(OPEN))
_UNDER_WAY = AiCall.status == AiCallStatus.STARTED
DOUBTED: dict[str, Any] = {
    "doubtful": AiCall.doubtful + case((_UNDER_WAY, 1), else_=0),
    "doubtful_micro_usd": AiCall.doubtful_micro_usd + case((_UNDER_WAY, AiCall.may_cost_micro_usd), else_=0),
}
"""For a call that is ended from outside: an attempt under way may have cost something, and its worker may be dead. One
that lives takes the doubt back (`ai_call_attempts`)."""


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call as it is taken in."""

    operation: Operation
    model: str
    request: Mapping[str, Any]
    simulated: bool
    body_sha256: str
    idempotency_key: str | None


async def create(session: AsyncSession, owner_id: UserId, new: NewCall) -> tuple[AiCallId, bool]:
    """Take a call in and return its id, and whether it is new; the same key again gives the same id.

    Raises IdempotencyKeyReused when the key came with another body before.
    """
    call_id = await session.scalar(
        insert(AiCall)
        .values(
            owner_id=owner_id,
            operation=new.operation,
            model=new.model,
            request=dict(new.request),
            simulated=new.simulated,
            body_sha256=new.body_sha256,
            idempotency_key=new.idempotency_key,
        )
        .on_conflict_do_nothing()
        .returning(AiCall.id)
    )
    if call_id is not None:
        return AiCallId(call_id), True
    before = await taken_in_before(session, owner_id, new.idempotency_key or "", new.body_sha256)
    assert before is not None, "only a key can be there already"
    return before, False


async def taken_in_before(session: AsyncSession, owner_id: UserId, key: str, body_sha256: str) -> AiCallId | None:
    """Return the call of an idempotency key, None when there is none. Raises IdempotencyKeyReused."""
    statement = select(AiCall.id, AiCall.body_sha256).where(AiCall.owner_id == owner_id, AiCall.idempotency_key == key)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != body_sha256:
        raise IdempotencyKeyReused(key)
    return AiCallId(row.id)


async def to_hand_over(session: AsyncSession, *, limit: int) -> list[AiCallId]:
    """Calls that Temporal has not heard of though they were taken in more than 5 s ago."""
    old = AiCall.created_at < func.now() - text("interval '5 seconds'")
    statement = select(AiCall.id).where(AiCall.status.in_(_OPEN), AiCall.handed_over_at.is_(None), old)
    return [AiCallId(call_id) for call_id in await session.scalars(statement.order_by(AiCall.created_at).limit(limit))]


async def handed_over(session: AsyncSession, call_id: AiCallId) -> None:
    """Note that Temporal has a call now."""
    await session.execute(update(AiCall).where(AiCall.id == call_id).values(handed_over_at=func.now()))


async def with_runs(session: AsyncSession, before: datetime, after: AiCallId | None, limit: int) -> list[AiCallId]:
    """Open calls that Temporal has had since before a moment, by id, from behind `after`."""
    statement = select(AiCall.id).where(AiCall.status.in_(_OPEN), AiCall.handed_over_at < before)
    if after is not None:
        statement = statement.where(AiCall.id > after)
    return [AiCallId(call_id) for call_id in await session.scalars(statement.order_by(AiCall.id).limit(limit))]


async def take_back(session: AsyncSession, call_id: AiCallId) -> None:
    """Have the sweeper hand a call over again. Its ledger knows what was asked already."""
    await session.execute(update(AiCall).where(AiCall.id == call_id).values(handed_over_at=None))


async def close(session: AsyncSession, call_id: AiCallId, code: str, message: str) -> bool:
    """End an open call without an attempt: nothing can be asked for it any more. Returns whether it was open."""
    closed = await session.scalar(
        update(AiCall)
        .where(AiCall.id == call_id, AiCall.status.in_(_OPEN))
        .values(status=AiCallStatus.FAILED, error_code=code, error=message[:500], ended_at=func.clock_timestamp())
        .values(DOUBTED)
        .returning(AiCall.id)
    )
    return closed is not None


async def close_from_temporal(session: AsyncSession, call_id: AiCallId, cancelled: bool) -> bool:
    """End an open call whose run was ended from outside. Returns whether it was open until now."""
    how = "cancelled" if cancelled else "ended"
    return await close(session, call_id, "run_ended", f"Its run was {how} from outside.")


async def cancel(session: AsyncSession, caller: Caller, call_id: AiCallId) -> None:
    """Cancel the caller's call; twice is once.

    Raises NotFound, also for somebody else's, and Conflict when it has ended.
    """
    status = await session.scalar(
        select(AiCall.status).where(AiCall.id == call_id, *visible_to(caller)).with_for_update()
    )
    if status is None:
        raise NotFound("call", call_id)
    if status in _OPEN:
        await session.execute(
            update(AiCall)
            .where(AiCall.id == call_id)
            .values(
                status=AiCallStatus.CANCELLED,
                error_code=CallCancelled.code,
                error="Cancelled on request.",
                ended_at=func.clock_timestamp(),
            )
            .values(DOUBTED)
        )
    elif status != AiCallStatus.CANCELLED:
        raise Conflict(
            f"The call is {status}; only one that is queued or started can be cancelled."
            f" GET /api/v1/ai/calls/{call_id} shows the call."
        )


async def cancelled_among(connection: Connection, call_ids: Collection[AiCallId]) -> set[AiCallId]:
    """Which of these calls were cancelled."""
    cursor = await connection.execute(
        "SELECT id FROM ai_calls WHERE id = ANY(CAST(%(ids)s AS uuid[])) AND status = 'cancelled'",
        {"ids": list(call_ids)},
    )
    return {AiCallId(str(row.id)) for row in await cursor.fetchall()}


async def open_among(session: AsyncSession, call_ids: Collection[AiCallId]) -> list[AiCallId]:
    """Which of these calls their rows still call open."""
    statement = select(AiCall.id).where(AiCall.id.in_(call_ids), AiCall.status.in_(_OPEN))
    return [AiCallId(call_id) for call_id in await session.scalars(statement)]


async def oldest_open(session: AsyncSession) -> datetime | None:
    """When the oldest open call was taken in."""
    statement = select(func.min(AiCall.created_at)).where(AiCall.status.in_(_OPEN))
    return await session.scalar(statement)


def visible_to(caller: Caller) -> list[ColumnElement[bool]]:
    """The condition that keeps calls among their owners and admins."""
    return [] if caller.role == "admin" else [AiCall.owner_id == caller.user_id]
