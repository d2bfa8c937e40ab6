"""Accepting AI calls (embeddings, images and transcriptions), once per idempotency key, and showing them.

Their attempts at a provider are in the ledger, like those of every run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import AiCall, CallAttempt, Run
from chimera.ledger.acceptance import NewRun, accept_ai_call
from chimera.providers.media import Vectors
from chimera.store import pages
from chimera.store.access import IS_AI_CALL, visible_to
from chimera.store.pages import Place
from models.ai_calls import (
    AiCallResult,
    AiCallSummary,
    AiCallView,
    EmbeddingsView,
    EmbeddingUsage,
    ImagesView,
    ImageView,
    MediaUsage,
    Operation,
    TranscriptionView,
)
from models.errors import IdempotencyKeyReused, NotFound
from models.events import RunAccepted
from models.ids import AiCallId, UserId
from models.model_calls import AttemptStatus
from models.runs import RunKind, RunStatus
from models.users import Caller

AnyRow = Row[*tuple[Any, ...]]

KINDS = tuple(RunKind(operation.value) for operation in Operation)


@dataclass(frozen=True, slots=True)
class NewAiCall:
    """A call that is to be accepted."""

    operation: Operation
    model: str
    request: Mapping[str, Any]
    simulated: bool
    body_sha256: str
    idempotency_key: str | None


async def create(session: AsyncSession, owner_id: UserId, new: NewAiCall) -> tuple[AiCallId, bool]:
    """Accept a call; return its id and whether it is new. The same idempotency key returns the same id again.

    Raises IdempotencyKeyReused if the key was used before with a different body.
    """
    run = NewRun(
        owner_id=owner_id,
        kind=RunKind(new.operation),
        body_sha256=new.body_sha256,
        idempotency_key=new.idempotency_key,
        events=(RunAccepted(),),
        simulated=new.simulated,
    )
    call_id = await accept_ai_call(session, run, new.model, new.request)
    if call_id is not None:
        return AiCallId(call_id), True
    before = await accepted_before(session, owner_id, new.idempotency_key or "", new.body_sha256)
    assert before is not None, "only a key can be there already"
    return before, False


async def accepted_before(session: AsyncSession, owner_id: UserId, key: str, body_sha256: str) -> AiCallId | None:
    """Return the call with an idempotency key, or None if there is none. Raises IdempotencyKeyReused."""
    statement = select(Run.id, Run.kind, Run.body_sha256).where(Run.owner_id == owner_id, Run.idempotency_key == key)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != body_sha256 or row.kind not in KINDS:
        raise IdempotencyKeyReused(key)
    return AiCallId(row.id)


async def of_key(
    session: AsyncSession, caller: Caller, key: str
) -> tuple[AiCallId, Operation, str, dict[str, Any]] | None:
    """Return the id, operation, model and request of the caller's own call with an idempotency key."""
    statement = select(Run.id, Run.kind, AiCall.model, AiCall.request).join(AiCall)
    mine = statement.where(Run.owner_id == caller.user_id, Run.idempotency_key == key)
    row = (await session.execute(mine)).one_or_none()
    return None if row is None else (AiCallId(row.id), Operation(row.kind), row.model, row.request)


async def read(session: AsyncSession, caller: Caller, call_id: AiCallId) -> AnyRow:
    """Read the caller's call, for `view_of` and `vectors_of`. Raises NotFound, also for a call of another owner."""
    statement = _calls().add_columns(AiCall.request, AiCall.result, AiCall.vectors)
    mine = statement.where(Run.id == call_id, *visible_to(caller, Run.owner_id))
    row = (await session.execute(mine)).one_or_none()
    if row is None:
        raise NotFound("AI call", call_id)
    return row


def view_of(row: AnyRow) -> AiCallView:
    """Build the view of a call. It doesn't contain the `data` of embeddings, which `vectors_of` returns."""
    result = _result_of(row) if row.status == RunStatus.COMPLETED else None
    return AiCallView(**_summary_of(row).__dict__, request=row.request, result=result)


def vectors_of(row: AnyRow) -> Vectors | None:
    """Return the vectors of completed embeddings; None for every other call."""
    return None if row.vectors is None else Vectors(row.result["count"], row.result["dimensions"], row.vectors)


async def page(
    session: AsyncSession, caller: Caller, *, operation: Operation | None, after: Place | None, limit: int
) -> tuple[list[AiCallSummary], Place | None]:
    """Return up to `limit` calls after the place `after`, newest first, and where they end if more follow."""
    wanted = IS_AI_CALL if operation is None else Run.kind == operation.value
    mine = _calls().where(wanted, *visible_to(caller, Run.owner_id))
    rows, place = await pages.newest(session, mine, Run.created_at, Run.id, after=after, limit=limit)
    return [_summary_of(row) for row in rows], place


def _calls() -> Select[*tuple[Any, ...]]:
    """Select calls as they are shown, each with the totals of its attempts."""
    is_answer = CallAttempt.status == AttemptStatus.FINISHED
    attempts = (
        select(
            func.count().label("attempts"),
            func.count().filter(CallAttempt.status == AttemptStatus.IN_DOUBT).label("in_doubt"),
            func.coalesce(func.bool_or(CallAttempt.estimated), False).label("estimated"),
            func.array_agg(aggregate_order_by(CallAttempt.media_usage, CallAttempt.attempt))
            .filter(is_answer)
            .label("usages"),
        )
        .where(CallAttempt.run_id == Run.id)
        .lateral("attempts")
    )
    return (
        select(
            Run.id,
            Run.kind.label("operation"),
            AiCall.model,
            Run.status,
            Run.simulated,
            attempts.c.attempts,
            attempts.c.in_doubt,
            Run.spent_micro_usd.label("cost_micro_usd"),
            Run.in_doubt_micro_usd,
            attempts.c.estimated,
            func.coalesce(attempts.c.usages[1], literal_column("'{}'::jsonb")).label("usage"),
            Run.error_code,
            Run.error,
            Run.created_at,
            Run.started_at,
            Run.ended_at,
        )
        .join(AiCall, AiCall.run_id == Run.id)
        .join(attempts, true())
        .where(Run.deleted_at.is_(None))
    )


def _summary_of(row: AnyRow) -> AiCallSummary:
    return AiCallSummary.model_validate(row._asdict())


def _result_of(row: AnyRow) -> AiCallResult:
    facts = {name: getattr(row, name) for name in ("id", "model", "simulated", "cost_micro_usd", "estimated")}
    usage, result = MediaUsage.model_validate(row.usage), row.result
    match Operation(row.operation):
        case Operation.EMBEDDINGS:
            tokens = EmbeddingUsage(prompt_tokens=usage.input_tokens, total_tokens=usage.input_tokens)
            return EmbeddingsView(**facts, data=(), usage=tokens)
        case Operation.IMAGES:
            images = tuple(ImageView.model_validate(image) for image in result["images"])
            return ImagesView(**facts, created=int(row.ended_at.timestamp()), data=images, usage=usage)
        case Operation.TRANSCRIPTIONS:
            return TranscriptionView(**facts, **result, usage=usage)
