"""Server-sent events: frames for the browser's `EventSource`, while the caller's rights last."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from fastapi.sse import ServerSentEvent

from api.live.ending import HubClosed, stop
from api.live.frames import Written
from api.live.rights import Rights
from chimera.security.sessions import SignedIn
from models.events import EventFrame, TokensFrame


def event_of(written: Written) -> ServerSentEvent:
    """Return a frame as an event; its id is the sequence to resume after, which text lacks."""
    frame = written.frame
    if isinstance(frame, TokensFrame):
        return ServerSentEvent(event=frame.kind, raw_data=written.json)
    name = frame.event.type if isinstance(frame, EventFrame) else frame.kind
    return ServerSentEvent(event=name, raw_data=written.json, id=str(frame.seq))


async def while_allowed(rights: Rights, signed_in: SignedIn, frames: AsyncGenerator[Written]) -> AsyncIterator[Written]:
    """Yield `frames` for as long as the token is good for this caller and this process lives."""
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
