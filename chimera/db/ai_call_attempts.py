"""The ledger of embeddings, images and transcriptions: begun, settled, failed.

The row is there before a provider is asked. Its `attempt` names who may finish it: whoever comes after another attempt
has begun books what it cost and writes nothing else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import AiCall, User
from chimera.ledger.in_doubt import ALIVE
from models.ai_calls import OPEN, AiCallStatus, MediaUsage, Operation
from models.errors import CallCancelled, Forbidden, NotFound, Overtaken
from models.ids import AiCallId, UserId

_OPEN = tuple(sorted(OPEN))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a call stands, and what it asks for."""

    id: AiCallId
    owner_id: UserId
    operation: Operation
    model: str
    request: Mapping[str, Any]
    status: AiCallStatus
    attempt: int
    failures: int
    cost_micro_usd: int
    result: Mapping[str, Any] | None
    error_code: str | None
    error: str | None
    worker: str | None
    """Who makes, or made, the newest attempt."""
    is_alive: bool
    """Whether that worker was at work on it lately, by the database's clock."""


async def read(session: AsyncSession, call_id: AiCallId) -> Standing:
    """Raises NotFound when somebody deleted the row."""
    statement = select(
        AiCall.owner_id,
        AiCall.operation,
        AiCall.model,
        AiCall.request,
        AiCall.status,
        AiCall.attempt,
        AiCall.failures,
        AiCall.cost_micro_usd,
        AiCall.result,
        AiCall.error_code,
        AiCall.error,
        AiCall.worker,
        func.coalesce(AiCall.seen_at > func.clock_timestamp() - ALIVE, False).label("is_alive"),
    ).where(AiCall.id == call_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("call", call_id)
    known = row._asdict()
    known |= {"operation": Operation(row.operation), "status": AiCallStatus(row.status)}
    return Standing(id=call_id, **known)


async def begin(session: AsyncSession, standing: Standing, *, worker: str, may_cost_micro_usd: int) -> int:
    """Write the intent of one more attempt and return its number; one that nobody saw the end of becomes doubtful.

    Raises CallCancelled, also when somebody cancelled meanwhile, Forbidden when its owner's account is disabled, and
    Overtaken when another attempt got there first.
    """
    if await session.scalar(select(User.disabled_at).where(User.id == standing.owner_id)) is not None:
        raise Forbidden("The account that asked for this call is disabled; enable it again, and ask anew.")
    attempt = await session.scalar(
        update(AiCall)
        .where(AiCall.id == standing.id, AiCall.status.in_(_OPEN), AiCall.attempt == standing.attempt)
        .values(
            status=AiCallStatus.STARTED,
            attempt=AiCall.attempt + 1,
            may_cost_micro_usd=may_cost_micro_usd,
            worker=worker,
            seen_at=func.clock_timestamp(),
            started_at=func.coalesce(AiCall.started_at, func.clock_timestamp()),
        )
        .returning(AiCall.attempt)
    )
    if attempt is not None:
        return int(attempt)
    if (await read(session, standing.id)).status is AiCallStatus.CANCELLED:
        raise CallCancelled(standing.id)
    raise Overtaken(standing.attempt + 1)


async def say_seen(session: AsyncSession, call_ids: Collection[AiCallId], worker: str) -> None:
    """Note that the attempts of `worker` at these calls are at work."""
    await session.execute(
        update(AiCall)
        .where(AiCall.id.in_(call_ids), AiCall.worker == worker, AiCall.status == "started")
        .values(seen_at=func.clock_timestamp())
    )


async def mark_doubtful(session: AsyncSession, standing: Standing) -> None:
    """Count an attempt whose end nobody saw, with what it may have cost."""
    await session.execute(
        update(AiCall)
        .where(AiCall.id == standing.id, AiCall.status == "started", AiCall.attempt == standing.attempt)
        .values(
            status=AiCallStatus.QUEUED,
            doubtful=AiCall.doubtful + 1,
            failures=AiCall.failures + 1,
            doubtful_micro_usd=AiCall.doubtful_micro_usd + AiCall.may_cost_micro_usd,
            error_code="doubtful",
            error=None,
        )
    )


@dataclass(frozen=True, slots=True)
class Settlement:
    """An attempt that was answered."""

    call_id: AiCallId
    attempt: int
    usage: MediaUsage
    cost_micro_usd: int
    estimated: bool
    request_id: str | None


Claim = Literal["settles", "settled", "late"]


async def claim(session: AsyncSession, call_id: AiCallId, attempt: int) -> Claim:
    """Lock a call; say whether this attempt is still the one that settles it, has done so, or comes too late.

    One that was given up as doubtful settles it as long as nobody else was asked. One that finds that it has settled
    it before has lost the reply of its commit.
    """
    statement = select(AiCall.status, AiCall.attempt).where(AiCall.id == call_id).with_for_update()
    row = (await session.execute(statement)).one_or_none()
    if row is None or row.attempt != attempt:
        return "late"
    if row.status == AiCallStatus.FINISHED:
        return "settled"
    return "settles" if row.status in (AiCallStatus.STARTED, AiCallStatus.QUEUED) else "late"


def _doubt_taken_back(doubted: ColumnElement[bool]) -> dict[str, Any]:
    """What an attempt is counted for that turns up after it was given up."""
    doubted &= AiCall.doubtful > 0
    return {
        "doubtful": AiCall.doubtful - case((doubted, 1), else_=0),
        "doubtful_micro_usd": func.greatest(
            0, AiCall.doubtful_micro_usd - case((doubted, AiCall.may_cost_micro_usd), else_=0)
        ),
    }


async def settle(
    session: AsyncSession, settlement: Settlement, *, result: Mapping[str, Any], vectors: bytes | None
) -> None:
    """Write an answer and what it cost, after `claim` and in its transaction."""
    await session.execute(
        update(AiCall)
        .where(AiCall.id == settlement.call_id)
        .values(
            status=AiCallStatus.FINISHED,
            usage=settlement.usage.model_dump(exclude_defaults=True),
            cost_micro_usd=AiCall.cost_micro_usd + settlement.cost_micro_usd,
            estimated=AiCall.estimated | settlement.estimated,
            provider_request_id=settlement.request_id,
            result=dict(result),
            vectors=vectors,
            error_code=None,
            error=None,
            ended_at=func.clock_timestamp(),
        )
        .values(_doubt_taken_back(AiCall.status == AiCallStatus.QUEUED))
    )


async def book_late(session: AsyncSession, settlement: Settlement) -> None:
    """Book the cost of an attempt that ended after the call was taken from it, and write nothing else of it."""
    given_up = (AiCall.attempt > settlement.attempt) | (AiCall.status != AiCallStatus.STARTED)
    await session.execute(
        update(AiCall)
        .where(AiCall.id == settlement.call_id)
        .values(
            cost_micro_usd=AiCall.cost_micro_usd + settlement.cost_micro_usd,
            estimated=AiCall.estimated | settlement.estimated,
        )
        .values(_doubt_taken_back(given_up))
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that gave no answer. What it may have cost is our estimate; 0: its provider refused it at once."""

    call_id: AiCallId
    attempt: int
    code: str
    message: str
    cost_micro_usd: int
    counts: bool
    """Towards the most attempts that a call may have."""
    is_final: bool


async def fail(session: AsyncSession, failure: Failure) -> None:
    """Write how an attempt failed, also one that was given up; of a call that was cancelled only what it cost."""
    ends = AiCallStatus.FAILED if failure.is_final else AiCallStatus.QUEUED
    gave_up = (AiCall.status == AiCallStatus.QUEUED) & (AiCall.error_code == "doubtful")
    goes_on = (AiCall.status == AiCallStatus.STARTED) | gave_up
    await session.execute(
        update(AiCall)
        .where(
            AiCall.id == failure.call_id,
            AiCall.attempt == failure.attempt,
            AiCall.status.in_((AiCallStatus.STARTED, AiCallStatus.CANCELLED)) | gave_up,
        )
        .values(
            status=case((goes_on, ends.value), else_=AiCall.status),
            # One that was given up was counted then.
            failures=AiCall.failures + int(failure.counts) - case((gave_up, 1), else_=0),
            cost_micro_usd=AiCall.cost_micro_usd + failure.cost_micro_usd,
            estimated=AiCall.estimated | (failure.cost_micro_usd > 0),
            error_code=case((goes_on, failure.code), else_=AiCall.error_code),
            error=case((goes_on, failure.message[:500]), else_=AiCall.error),
            ended_at=func.clock_timestamp() if failure.is_final else AiCall.ended_at,
        )
        .values(_doubt_taken_back((AiCall.status == AiCallStatus.CANCELLED) | gave_up))
    )
