"""One request and how it is answered: streamed at a pace, as a whole, with an error, or cut. Every end is journalled.

Pauses also watch for a disconnect of the client, which is noticed at once; the answer then counts as cut.
"""

import asyncio
from collections.abc import Iterable

from starlette.types import Receive, Send

from chimera.simulator import wire
from chimera.simulator.journal import Arrival, Journal
from chimera.simulator.stream import ENDS, Part

_SEND_BYTES = 64 * 1024
_GLANCE_S = 0.001
"""Long enough to notice a disconnect between two large sends."""


class Exchange:
    """The connection of one request."""

    def __init__(self, journal: Journal, arrival: Arrival, receive: Receive, send: Send) -> None:
        self._journal = journal
        self._arrival = arrival
        self._receive = receive
        self._send = send

    async def pause(self, seconds: float) -> bool:
        """Wait. Return True at once if the client disconnects, and False when the time is over."""
        if seconds <= 0:
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._client_gone()
        except TimeoutError:
            return False
        return True

    async def hang(self) -> None:
        """Send nothing until the client disconnects."""
        await self._client_gone()
        self.cut()

    async def refuse(self, status: int, message: str, code: str = "", retry_after: str = "") -> None:
        headers = [(b"retry-after", retry_after.encode("latin-1"))] if retry_after else []
        await self._start(status, b"application/json", *headers)
        await self._send({"type": "http.response.body", "body": wire.error(status, message, code or None)})
        self._journal.end(self._arrival, "finished", status=status)

    async def whole(self, body: bytes, content_type: bytes, tokens: int = 0) -> None:
        await self._start(200, content_type, (b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.body", "body": body})
        self._journal.end(self._arrival, "finished", tokens)

    async def broken(self, body: bytes, content_type: bytes) -> None:
        """Announce the length of the whole answer, send half of it, and drop the connection."""
        await self._start(200, content_type, (b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        self.cut()

    async def stream(self, parts: Iterable[Part], cut: str) -> None:
        """Send the parts as server-sent events, with their waits. `cut` is the directive that shortened them."""
        await self._start(200, b"text/event-stream; charset=utf-8", (b"cache-control", b"no-cache"))
        buffer = bytearray()
        tokens = 0
        for part in parts:
            buffer += part.data
            tokens = part.tokens
            if part.wait_s > 0 or len(buffer) >= _SEND_BYTES:
                await self._send({"type": "http.response.body", "body": bytes(buffer), "more_body": True})
                buffer.clear()
                if await self.pause(part.wait_s or _GLANCE_S):
                    self.cut(tokens)
                    return
        # Returning in the middle of a body makes the server drop the connection, as `after` and `broken` demand.
        dropped = cut.startswith("after") or cut.endswith(":broken")
        await self._send({"type": "http.response.body", "body": bytes(buffer), "more_body": dropped})
        self._journal.end(self._arrival, "cut" if cut and not cut.endswith(ENDS) else "finished", tokens)

    def cut(self, tokens: int = 0) -> None:
        """Record that the answer ended early."""
        self._journal.end(self._arrival, "cut", tokens)

    async def _client_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _start(self, status: int, content_type: bytes, *headers: tuple[bytes, bytes]) -> None:
        own = [(b"content-type", content_type), (b"x-chimera-simulated", b"true")]
        await self._send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
