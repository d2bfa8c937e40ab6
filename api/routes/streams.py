"""Routes for live progress: WebSocket topics, server-sent events and an echo for testing proxies."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, WebSocket
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.deps import ClosedRoute, WithCaller, WithParts, WithSignedIn, WithTaskId, parts_of
from api.live.echo import Echo
from api.live.sockets import POLICY_VIOLATION, is_own_origin
from api.live.sse import event_of, while_allowed
from api.live.topics import Topics
from chimera.store.task_views import Progress
from models.errors import InvalidInput

router = APIRouter(tags=["streams"], route_class=ClosedRoute)
sockets = APIRouter()


async def _progress(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> Progress:
    return await parts.hub.progress(caller, task_id)


async def open_stream(caller: WithCaller, parts: WithParts) -> AsyncIterator[None]:
    """Count a stream as open until its response ends, for whatever reason."""
    async with parts.open_streams.one_more(caller.user_id):
        yield


async def after_event(
    after: Annotated[int, Query(ge=0, le=2**53, description="Sequence number of the last event that you received")] = 0,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=20,
            description="Sequence number of the last event that you received. Browsers send this header when they"
            " reconnect.",
        ),
    ] = None,
) -> int:
    """Return the sequence number after which a stream begins. Raises InvalidInput for an ID that isn't a number."""
    if last_event_id is None:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit()):
        raise InvalidInput(
            "Last-Event-ID", "The header must contain an event ID from this stream. Event IDs are whole numbers."
        )
    return int(last_event_id)


@router.get(
    "/tasks/{task_id}/events",
    operation_id="follow_task",
    response_class=EventSourceResponse,
    response_description="Server-sent events, as described in `docs/reference/streams.md`. To resume after an event,"
    " send its `id` in the `Last-Event-ID` header.",
    dependencies=[Depends(open_stream)],
)
async def follow_task(
    task_id: WithTaskId,
    progress: Annotated[Progress, Depends(_progress)],
    after: Annotated[int, Depends(after_event)],
    signed_in: WithSignedIn,
    parts: WithParts,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a task through server-sent events.

    The stream first sends the stored events that follow event number `after`, then live events until the task ends.
    """
    frames = parts.hub.follow(signed_in.caller, task_id, after, progress)
    async for frame in while_allowed(parts.rights, signed_in, frames):
        yield event_of(frame)


@sockets.websocket("/ws")
async def follow_topics(websocket: WebSocket) -> None:
    """Follow several topics over one WebSocket. docs/reference/streams.md describes the protocol."""
    await _serve(websocket, Topics)


@sockets.websocket("/ws/test")
async def echo(websocket: WebSocket) -> None:
    """Echo each message, together with the server's time, for at most ten minutes."""
    await _serve(websocket, Echo)


async def _serve(websocket: WebSocket, protocol: type[Topics | Echo]) -> None:
    parts = parts_of(websocket)
    if not is_own_origin(websocket, parts.settings.cors_origins):
        await websocket.close(POLICY_VIOLATION)
        return
    await websocket.accept()
    await protocol(websocket, parts).serve()
