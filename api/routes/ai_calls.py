"""Routes for AI calls: embeddings, images, and the list of all AI calls. A request can wait for its result."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api.ai_calls import LATER, IdempotencyKey, WithWait, find, made, new_call, with_reason, written
from api.deps import ClosedRoute, WithAiCallId, WithCaller, WithParts
from api.paging import Cursor, Limit
from chimera.providers.media import Embeds, GeneratesImages
from chimera.store import ai_calls, task_controls
from models.ai_calls import (
    MAX_NUMBERS,
    AiCallPage,
    AiCallView,
    EmbeddingSpec,
    EmbeddingsView,
    ImageSpec,
    ImagesView,
    Operation,
)
from models.errors import InvalidInput

router = APIRouter(prefix="/ai", tags=["ai"], route_class=ClosedRoute)


@router.post(
    "/embeddings",
    operation_id="create_embeddings",
    response_model=EmbeddingsView | AiCallView,
    responses=LATER,
)
async def create_embeddings(
    spec: EmbeddingSpec,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    wait_s: WithWait,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Embed texts as vectors."""
    provider = await parts.checks.operation(Operation.EMBEDDINGS, spec.model)
    if isinstance(provider, Embeds) and len(spec.input) > provider.max_inputs:
        raise InvalidInput(
            "input", f"{provider.name} accepts at most {provider.max_inputs} texts per call. Send fewer texts."
        )
    if spec.dimensions is not None and spec.dimensions * len(spec.input) > MAX_NUMBERS:
        fits = MAX_NUMBERS // len(spec.input)
        raise InvalidInput(
            "dimensions",
            f"For {len(spec.input)} texts, each vector can have at most {fits} dimensions. Send fewer texts, or request"
            " fewer dimensions.",
        )
    request = spec.model_dump(mode="json", exclude={"model"}, exclude_none=True)
    new = new_call(Operation.EMBEDDINGS, provider, spec.model, request, idempotency_key)
    return await made(parts, caller, new, response, wait_s)


@router.post("/images", operation_id="create_images", response_model=ImagesView | AiCallView, responses=LATER)
async def create_images(
    spec: ImageSpec,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    wait_s: WithWait,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Generate images. Each image is stored as one of your files."""
    provider = await parts.checks.operation(Operation.IMAGES, spec.model)
    if isinstance(provider, GeneratesImages):
        if spec.n > provider.max_images:
            raise InvalidInput(
                "n",
                f"{provider.name} generates at most {provider.max_images} images per call. For more images, make"
                " several calls.",
            )
        if spec.size is not None:
            provider.check_size(spec.size)
    request = spec.model_dump(mode="json", exclude={"model"}, exclude_none=True)
    new = new_call(Operation.IMAGES, provider, spec.model, request, idempotency_key)
    return await made(parts, caller, new, response, wait_s)


@router.get("/calls", operation_id="list_ai_calls", summary="List AI Calls")
async def list_ai_calls(
    caller: WithCaller,
    parts: WithParts,
    operation: Annotated[Operation | None, Query(description="Return only calls with this operation")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> AiCallPage:
    """List your embeddings, images and transcriptions, newest first. Administrators see all users' calls."""
    list_name = f"ai_calls {caller.user_id} {operation or ''}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await ai_calls.page(session, caller, operation=operation, after=after, limit=limit)
    return AiCallPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.get("/calls/{call_id}", operation_id="get_ai_call", summary="Get AI Call", response_model=AiCallView)
async def get_ai_call(call_id: WithAiCallId, caller: WithCaller, parts: WithParts, response: Response) -> Response:
    """Show the state, cost and result of an AI call."""
    view, vectors = await find(parts, caller, call_id)
    return written(await with_reason(parts, view), vectors, response)


@router.post(
    "/calls/{call_id}/cancel",
    operation_id="cancel_ai_call",
    summary="Cancel AI Call",
    status_code=status.HTTP_202_ACCEPTED,
)
async def cancel_ai_call(call_id: WithAiCallId, caller: WithCaller, parts: WithParts) -> AiCallView:
    """Cancel an AI call. Chimera sends no further requests and aborts any request in flight within a second."""
    async with parts.database.begin() as session:
        await task_controls.cancel(session, caller, call_id, *ai_calls.KINDS)
    parts.dispatcher.deliver_soon(call_id)
    return (await find(parts, caller, call_id)).view
