"""Routes for replies: answer a conversation that a request brings along, and show, follow and control replies."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response, status
from fastapi.sse import ServerSentEvent
from pydantic_core import from_json, to_json

from api import replies as shared
from api.ai_calls import WithWait
from api.deps import API, ClosedRoute, WithCaller, WithParts, WithReplyId, WithSignedIn
from api.live.sse import event_of, streamed, while_allowed
from api.paging import Cursor, Limit
from api.routes.streams import EVENTS, WithOpenStream, after_event
from chimera.ledger.messages import MessagePlace
from chimera.store import costs, messages, replies
from chimera.store.task_views import Progress
from models.base import IDEMPOTENCY_KEY
from models.costs import CostView
from models.messages import MessagePage
from models.replies import CompletionSpec, ReplyView
from models.runs import REPLIES
from models.tasks import Budget

router = APIRouter(tags=["replies"], route_class=ClosedRoute)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="Unique key that you choose for the reply. If you repeat the request with this key, the API"
        " returns the same reply.",
    ),
]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The reply, or with `stream` server-sent events as described in `docs/reference/replies.md`",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    202: {
        "model": ReplyView,
        "description": "The reply isn't complete yet. Poll the `Location` header's URL, or follow its events.",
    },
}


@router.post(
    "/chat/completions",
    operation_id="create_completion",
    summary="Answer a Conversation",
    response_model=ReplyView,
    responses=_RESPONSES,
)
async def create_completion(
    spec: CompletionSpec,
    signed_in: WithSignedIn,
    parts: WithParts,
    response: Response,
    wait_s: WithWait,
    caller: WithCaller,
    open_stream: WithOpenStream,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Answer a conversation with an agent or a model. The conversation is stored before it is answered.

    With `stream`, the response is a stream of server-sent events, which begins at once.
    """
    if spec.stream:
        await open_stream()
    reply_id, created = await shared.accept(parts, caller, spec, idempotency_key)
    if not created:
        response.headers["Idempotent-Replayed"] = "true"
    await parts.failpoints.hit("after_insert")
    if spec.stream:
        # The stream can begin before Temporal has started the run.
        parts.dispatcher.deliver_soon(reply_id)
        response.headers["Location"] = f"{API}/replies/{reply_id}"
        return streamed(shared.followed(parts, signed_in, reply_id), response.headers)
    await parts.dispatcher.deliver(reply_id)
    return await shared.awaited(parts, caller, reply_id, response, wait_s)


@router.get("/replies/{reply_id}", operation_id="get_reply")
async def get_reply(reply_id: WithReplyId, caller: WithCaller, parts: WithParts) -> ReplyView:
    """Show a reply's state, its cost and, once it has ended, its text. Administrators see no text of others."""
    return await shared.find(parts, caller, reply_id)


async def _progress(reply_id: WithReplyId, caller: WithCaller, parts: WithParts) -> Progress:
    return await parts.hub.progress(caller, reply_id, REPLIES)


@router.get(
    "/replies/{reply_id}/events",
    operation_id="follow_reply",
    **EVENTS,
)
async def follow_reply(
    reply_id: WithReplyId,
    progress: Annotated[Progress, Depends(_progress)],
    after: Annotated[int, Depends(after_event)],
    signed_in: WithSignedIn,
    parts: WithParts,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a reply through server-sent events.

    The stream first sends the stored events that follow event number `after`, then live events and text until the
    reply ends.
    """
    frames = parts.hub.follow(signed_in.caller, reply_id, after, progress)
    async for frame in while_allowed(parts.rights, signed_in, frames):
        yield event_of(frame)


@router.post("/replies/{reply_id}/cancel", operation_id="cancel_reply", status_code=status.HTTP_202_ACCEPTED)
async def cancel_reply(reply_id: WithReplyId, caller: WithCaller, parts: WithParts) -> ReplyView:
    """Cancel a reply. Chimera aborts the request in flight within a second and keeps the text that has arrived."""
    async with parts.database.begin() as session:
        await replies.cancel(session, caller, reply_id)
    parts.dispatcher.deliver_soon(reply_id)
    return await shared.find(parts, caller, reply_id)


@router.post("/replies/{reply_id}/budget", operation_id="raise_reply_budget", summary="Change the Budget of a Reply")
async def raise_reply_budget(reply_id: WithReplyId, budget: Budget, caller: WithCaller, parts: WithParts) -> ReplyView:
    """Set the limits that you send and leave the others unchanged. A reply that waited for its budget continues."""
    async with parts.database.begin() as session:
        await replies.raise_budget(session, caller, reply_id, budget)
    parts.dispatcher.deliver_soon(reply_id)
    return await shared.find(parts, caller, reply_id)


@router.get("/replies/{reply_id}/cost", operation_id="get_reply_cost", summary="Get the Cost of a Reply")
async def get_reply_cost(reply_id: WithReplyId, caller: WithCaller, parts: WithParts) -> CostView:
    """Show what a reply has cost: in total, by model, by agent, by subtask, and for each attempt."""
    await shared.find(parts, caller, reply_id)
    async with parts.database.begin() as session:
        return await costs.cost_of(session, caller, reply_id)


@router.get("/replies/{reply_id}/messages", operation_id="list_reply_messages", summary="List Messages of a Reply")
async def list_reply_messages(
    reply_id: WithReplyId,
    caller: WithCaller,
    parts: WithParts,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MessagePage:
    """List what a reply's models wrote and what its tools returned, delegated subtasks included, oldest first.

    The conversation that it answers isn't repeated.
    """
    await shared.find(parts, caller, reply_id)
    list_name = f"reply messages {caller.user_id} {reply_id}"
    after = MessagePlace(*from_json(parts.cursors.open_text(cursor, list_name))) if cursor else None
    async with parts.database.begin() as session:
        views, place = await messages.page(session, caller, reply_id, path=None, after=after, limit=limit)
    sealed = parts.cursors.seal_text(to_json(place).decode(), list_name) if place else None
    return MessagePage(items=tuple(views), next_cursor=sealed)
