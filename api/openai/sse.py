"""Server-sent events as OpenAI's clients expect them, with comments that keep idle connections open."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import structlog
from fastapi import Response
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from api.openai.connections import Disconnected, while_connected

log = structlog.get_logger()

DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"
PING_S = 10.0
"""Proxies close connections after a minute without data, some after 15 seconds."""
MEDIA_TYPE = "text/event-stream"


def line(fields: Mapping[str, object]) -> bytes:
    """Return an event without a name."""
    return b"data: %s\n\n" % to_json(fields)


def event(fields: Mapping[str, object]) -> bytes:
    """Return an event that is named after its type."""
    return b"event: %s\n%s" % (str(fields["type"]).encode(), line(fields))


class Stream(Response):
    """A response of server-sent events. Proxies such as nginx pass it on without buffering.

    An empty event is a moment without news: after several of them, a comment is sent.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self, events: AsyncGenerator[bytes], headers: dict[str, str], *, on_disconnect: Callable[[], None]
    ) -> None:
        super().__init__(headers={**headers, "X-Accel-Buffering": "no"}, media_type=MEDIA_TYPE)
        del self.headers["Content-Length"]
        self._events = events
        self._on_disconnect = on_disconnect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await while_connected(receive, self._write(send))
        except Disconnected:
            self._on_disconnect()
            return
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send) -> None:
        now = asyncio.get_running_loop().time
        sent = now()
        async with aclosing(self._events):
            async for each in self._events:
                if not each and now() - sent < PING_S:
                    continue
                sent = now()
                await send({"type": "http.response.body", "body": each or PING, "more_body": True})
