"""Server-sent events: frames for the browser's `EventSource`, as long as the caller has the right to them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, ServerSentEvent, format_sse_event

from api.live.ending import HubClosed, stop
from api.live.frames import Written
from api.live.rights import Rights
from chimera.security.sessions import SignedIn
from models.events import EventFrame, TokensFrame


def event_of(written: Written) -> ServerSentEvent:
    """Return a frame as a server-sent event. Its ID is the sequence number to resume after; text doesn't have an ID."""
    frame = written.frame
    if isinstance(frame, TokensFrame):
        return ServerSentEvent(event=frame.kind, raw_data=written.json)
    name = frame.event.type if isinstance(frame, EventFrame) else frame.kind
    return ServerSentEvent(event=name, raw_data=written.json, id=str(frame.seq))


async def while_allowed(
    rights: Rights, signed_in: SignedIn, frames: AsyncGenerator[Written]
) -> AsyncGenerator[Written]:
    """Yield `frames` until the caller's rights end or the process stops."""
    lost = asyncio.Event()
    losing = asyncio.create_task(lost.wait())
    try:
        with rights.held(signed_in, lost.set):
            async with aclosing(frames):
                while True:
                    following = asyncio.ensure_future(anext(frames, None))
                    await asyncio.wait({following, losing}, return_when=asyncio.FIRST_COMPLETED)
                    if not following.done():
                        await stop([following])
                        return
                    frame = following.result()
                    if frame is None:
                        return
                    yield frame
    except HubClosed:
        return
    finally:
        await stop([losing])


PING_SECONDS = 15.0
"""As in FastAPI's own streams: proxies close connections that send nothing for a minute."""


def streamed(events: AsyncIterator[ServerSentEvent], headers: Mapping[str, str]) -> StreamingResponse:
    """Return a response of server-sent events, for a route that doesn't always stream."""
    how = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **headers}
    return StreamingResponse(_written(events), media_type="text/event-stream", headers=how)


async def _written(events: AsyncIterator[ServerSentEvent]) -> AsyncIterator[bytes]:
    following: asyncio.Future[ServerSentEvent | None] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(events, None))
            await asyncio.wait({following}, timeout=PING_SECONDS)
            if not following.done():
                yield KEEPALIVE_COMMENT
                continue
            event, following = following.result(), None
            if event is None:
                return
            yield format_sse_event(data_str=event.raw_data, event=event.event, id=event.id)
    finally:
        if following is not None:
            await stop([following])
