"""Routes for live progress: WebSocket topics, server-sent events and an echo for testing proxies."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, WebSocket
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.deps import ClosedRoute, WithCaller, WithParts, WithSignedIn, WithTaskId, parts_of
from api.live.changes import Batch
from api.live.echo import Echo
from api.live.ending import HubClosed
from api.live.sockets import POLICY_VIOLATION, is_own_origin
from api.live.sse import event_of, events_of, while_allowed
from api.live.topics import Topics
from api.paging import MAX_PAGE, Limit
from chimera.db.engine import READ_SECONDS
from chimera.ledger import events
from chimera.store.task_views import Progress
from models.changes import ChangeTopic
from models.errors import InvalidInput
from models.events import EventPage

router = APIRouter(tags=["streams"], route_class=ClosedRoute)
sockets = APIRouter()


async def _progress(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> Progress:
    return await parts.hub.progress(caller, task_id)


async def open_stream(caller: WithCaller, parts: WithParts) -> AsyncIterator[None]:
    """Count a stream as open until its response ends, for whatever reason."""
    async with parts.open_streams.one_more(caller.user_id):
        yield


async def _stream_opener(caller: WithCaller, parts: WithParts) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async with AsyncExitStack() as stack:

        async def open_one() -> None:
            await stack.enter_async_context(parts.open_streams.one_more(caller.user_id))

        yield open_one


WithOpenStream = Annotated[Callable[[], Awaitable[None]], Depends(_stream_opener)]
"""For routes that don't always stream: a function that counts a stream as open until the response ends.

It raises LimitReached. Call it before anything is accepted, because nothing that is accepted may be refused.
"""

EVENTS: dict[str, Any] = {
    "response_class": EventSourceResponse,
    "response_description": "Server-sent events, as described in `docs/reference/streams.md`. To resume after an event,"
    " send its `id` in the `Last-Event-ID` header.",
    "dependencies": [Depends(open_stream)],
}
"""Arguments of every route that streams the events of one run."""


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


Lists = Annotated[
    list[ChangeTopic],
    Query(min_length=1, max_length=8, description="A list to follow. To follow several, repeat the parameter."),
]
Place = Annotated[str | None, Query(max_length=4000, description="Cursor (`id`) of the last event that you received")]
LastId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=4000,
        description="Cursor (`id`) of the last event that you received. Browsers send this header when they reconnect.",
    ),
]


async def _batches(
    caller: WithCaller, parts: WithParts, after: Place = None, last_event_id: LastId = None
) -> AsyncIterator[AsyncGenerator[Batch]]:
    """Open the feed before the response begins, so that a wrong cursor is an error."""
    async with aclosing(parts.feed.follow(caller, last_event_id or after)) as batches:
        first: list[Batch] = []
        # If the process is stopping, the stream ends at once, as those of runs do, so that clients reconnect.
        with suppress(HubClosed):
            first.append(await anext(batches))
        yield _from(first, batches)


async def _from(first: Iterable[Batch], others: AsyncGenerator[Batch]) -> AsyncGenerator[Batch]:
    for batch in first:
        yield batch
    async for batch in others:
        yield batch


@router.get(
    "/tasks/{task_id}/events",
    operation_id="follow_task",
    **EVENTS,
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
    async for frame in while_allowed(parts.rights, signed_in, frames, task_id):
        yield event_of(frame)


@router.get("/tasks/{task_id}/events/stored", operation_id="list_task_events")
async def list_task_events(
    task_id: WithTaskId,
    progress: Annotated[Progress, Depends(_progress)],
    parts: WithParts,
    after: Annotated[
        int, Query(ge=0, le=2**53, description="Return only events with a higher sequence number than this")
    ] = 0,
    limit: Limit = MAX_PAGE,
) -> EventPage:
    """List a task's stored events, oldest first. Unlike the stream of events, the response ends at once."""
    async with parts.database.statements(READ_SECONDS) as connection:
        found = await events.read_after(connection, task_id, after, limit)
    last_seq = max([progress.last_seq, *(frame.seq for frame in found)])
    more = bool(found) and found[-1].seq < last_seq
    return EventPage(items=tuple(found), next_after=found[-1].seq if more else None, last_seq=last_seq)


@router.get(
    "/events",
    operation_id="follow_changes",
    response_class=EventSourceResponse,
    response_description="Server-sent events `changes` and `missed`, as described in `docs/reference/streams.md`. To"
    " resume after an event, send its `id` in the `Last-Event-ID` header.",
    dependencies=[Depends(open_stream)],
)
async def follow_changes(
    batches: Annotated[AsyncGenerator[Batch], Depends(_batches)],
    topic: Lists,
    signed_in: WithSignedIn,
    parts: WithParts,
) -> AsyncIterator[ServerSentEvent]:
    """Follow your lists through server-sent events: what happens to your runs, tasks, approvals and notifications.

    Without `after`, the stream begins with the present. It doesn't end by itself.
    """
    topics = list(dict.fromkeys(topic))
    seen = parts.foreign_reads.of_changes(signed_in.caller, topics, batches)
    async for batch in while_allowed(parts.rights, signed_in, seen):
        for event in events_of(batch, topics, signed_in.caller):
            yield event


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
