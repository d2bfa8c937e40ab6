"""A server that sends whatever bytes it is told to, for behaviour that no vendor-compatible server shows on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

FOREVER = 600.0
"""Long enough that the client leaves first."""


@dataclass
class Script:
    """One answer: bytes are sent, and numbers are seconds to wait. Without an `end`, the connection breaks."""

    steps: Sequence[bytes | float]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    """The body is chunked unless these have a length, and the connection is then closed unless these keep it alive."""
    end: bool = True
    head_at_once: bool = True
    """If false, the head is sent with the first bytes."""


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    target: str
    headers: Mapping[str, str]
    body: Any
    """JSON as its value, or a form as its bytes."""


class Caller:
    """The other end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.stays = True

    async def request(self) -> Request:
        """Read the next request. Raises `IncompleteReadError` if none follows."""
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Request(first.split(" ")[1], headers, _parsed(body, headers))

    async def send(self, script: Script) -> bool:
        """Send an answer; return False if the client left before the end."""
        headers = {"transfer-encoding": "chunked", "connection": "close", **script.headers}
        if "content-length" in headers:
            del headers["transfer-encoding"]
        self.stays = script.end and headers["connection"] == "keep-alive"
        try:
            return await self._send(script, headers)
        except ConnectionError:
            self.stays = False
            return False

    async def _send(self, script: Script, headers: Mapping[str, str]) -> bool:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {script.status} Said\r\n{head}\r\n"
        chunked = "transfer-encoding" in headers
        if script.head_at_once:
            self._writer.write(head.encode("latin-1"))
            await self._writer.drain()
        for step in script.steps:
            if isinstance(step, bytes):
                self._writer.write(f"{len(step):x}\r\n".encode() + step + b"\r\n" if chunked else step)
                await self._writer.drain()
            elif await self._leaves(step):
                return False
        if script.end and chunked:
            self._writer.write(b"0\r\n\r\n")
            await self._writer.drain()
        return True

    async def _leaves(self, seconds: float) -> bool:
        """Wait, and return whether the client left in the meantime."""
        try:
            return not await asyncio.wait_for(self._reader.read(1), seconds)
        except TimeoutError:
            return False


@asynccontextmanager
async def listening(respond: Callable[[Request, Caller], Awaitable[None]], port: int) -> AsyncIterator[str]:
    """Serve at this port of the loopback address, in this event loop, and yield the URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = Caller(reader, writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while caller.stays:
                    await respond(await caller.request(), caller)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()


def plain(status: int, body: Any, **headers: str) -> Script:
    """Return a complete JSON answer."""
    return Script([json.dumps(body).encode()], status, {"content-type": "application/json", **headers_of(headers)})


def headers_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return headers given as arguments, with - instead of _."""
    return {name.replace("_", "-"): value for name, value in given.items()}


def _parsed(body: bytes, headers: Mapping[str, str]) -> Any:
    if not body:
        return None
    return json.loads(body) if "json" in headers.get("content-type", "json") else body
