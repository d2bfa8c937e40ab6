"""What is shown of embeddings, images and transcriptions: one, and a page of them."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import pages
from chimera.db.ai_calls import visible_to
from chimera.db.pages import Place
from chimera.db.tables import AiCall
from chimera.providers.media import Vectors
from models.ai_calls import (
    AiCallResult,
    AiCallStatus,
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
from models.errors import NotFound
from models.ids import AiCallId
from models.users import Caller

AnyRow = Row[*tuple[Any, ...]]


async def read(session: AsyncSession, caller: Caller, call_id: AiCallId) -> AnyRow:
    """Read the caller's call, for `view_of` and `vectors_of`. Raises NotFound, also for somebody else's."""
    statement = select(*_COLUMNS, AiCall.request, AiCall.result, AiCall.vectors)
    row = (await session.execute(statement.where(AiCall.id == call_id, *visible_to(caller)))).one_or_none()
    if row is None:
        raise NotFound("call", call_id)
    return row


def view_of(row: AnyRow) -> AiCallView:
    """Make what is shown of a call. Embeddings have no `data` in it: `vectors_of` has them."""
    result = _result_of(row) if row.status == AiCallStatus.FINISHED else None
    return AiCallView(**_summary_of(row).__dict__, request=row.request, result=result)


def vectors_of(row: AnyRow) -> Vectors | None:
    """Return the vectors of embeddings that are finished; None for every other call."""
    return None if row.vectors is None else Vectors(row.result["count"], row.result["dimensions"], row.vectors)


async def of_key(
    session: AsyncSession, caller: Caller, key: str
) -> tuple[AiCallId, Operation, str, dict[str, Any]] | None:
    """Return the caller's own call of an idempotency key, with what it asks for: operation, model, request."""
    statement = select(AiCall.id, AiCall.operation, AiCall.model, AiCall.request)
    mine = statement.where(AiCall.owner_id == caller.user_id, AiCall.idempotency_key == key)
    row = (await session.execute(mine)).one_or_none()
    return None if row is None else (AiCallId(row.id), Operation(row.operation), row.model, row.request)


async def page(
    session: AsyncSession, caller: Caller, *, operation: Operation | None, after: Place | None, limit: int
) -> tuple[list[AiCallSummary], Place | None]:
    """Return up to `limit` calls beyond the place `after`, newest first, and where they end if more follow."""
    mine = select(*_COLUMNS).where(*visible_to(caller))
    if operation is not None:
        mine = mine.where(AiCall.operation == operation)
    rows, place = await pages.newest(session, mine, AiCall.created_at, AiCall.id, after=after, limit=limit)
    return [_summary_of(row) for row in rows], place


_COLUMNS = (
    AiCall.id,
    AiCall.operation,
    AiCall.model,
    AiCall.status,
    AiCall.simulated,
    AiCall.attempt.label("attempts"),
    AiCall.doubtful,
    AiCall.cost_micro_usd,
    AiCall.doubtful_micro_usd,
    AiCall.estimated,
    AiCall.usage,
    AiCall.error_code,
    AiCall.error,
    AiCall.created_at,
    AiCall.started_at,
    AiCall.ended_at,
)


def _summary_of(row: AnyRow) -> AiCallSummary:
    return AiCallSummary.model_validate(row._asdict())


def _result_of(row: AnyRow) -> AiCallResult:
    said = {name: getattr(row, name) for name in ("id", "model", "simulated", "cost_micro_usd", "estimated")}
    usage, result = MediaUsage.model_validate(row.usage), row.result
    match Operation(row.operation):
        case Operation.EMBEDDINGS:
            tokens = EmbeddingUsage(prompt_tokens=usage.input_tokens, total_tokens=usage.input_tokens)
            return EmbeddingsView(**said, data=(), usage=tokens)
        case Operation.IMAGES:
            images = tuple(ImageView.model_validate(image) for image in result["images"])
            return ImagesView(**said, created=int(row.ended_at.timestamp()), data=images, usage=usage)
        case Operation.TRANSCRIPTIONS:
            return TranscriptionView(**said, **result, usage=usage)
