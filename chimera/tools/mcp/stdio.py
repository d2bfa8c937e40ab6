"""The stdio transport: a message is a line of JSON. Unlike the SDK's own, it bounds the size of a line.

A line that is too long is dropped while it is read. If it answers a request, the request fails with `TOO_LARGE`; the
other requests of the server aren't affected.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
import structlog

from chimera.tools.mcp import processes
from chimera.tools.mcp.codes import MAX_MESSAGE_BYTES, TOO_LARGE
from chimera.tools.mcp.processes import ServerProcess
from chimera.tools.mcp.servers import StdioServer

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.shared.message import SessionMessage

    Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
    Outgoing = MemoryObjectSendStream[SessionMessage]

log = structlog.get_logger()

MAX_DROPPED_BYTES = 64 * 1024 * 1024
"""A line that is longer than this never ends, so the connection does."""
MAX_GARBAGE_LINES = 1000
"""Lines that aren't JSON-RPC, such as a server's greeting. A server that writes more isn't an MCP server."""
_CHUNK_BYTES = 64 * 1024
_KEPT_BYTES = 300
# Where the ID of an answer is: among its first fields, or among its last ones. An "id" in between is the result's own,
# and a message with a method is the server's own request, whose ID isn't one of ours.
_VERSION = rb'"jsonrpc"\s*:\s*"2\.0"'
_BODY = rb'"(?:result|error)"\s*:'
_ID_FIRST = re.compile(
    rb'\s*\{\s*(?:%s\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,\s*(?:%s\s*,\s*)?%s' % (_VERSION, _VERSION, _BODY)
)
_BODY_FIRST = re.compile(rb"\s*\{\s*(?:%s\s*,\s*)?%s" % (_VERSION, _BODY))
_ID_LAST = re.compile(rb',\s*"id"\s*:\s*(\d{1,15})\s*(?:,\s*%s\s*)?\}\s*$' % _VERSION)


@asynccontextmanager
async def stdio_transport(
    server: StdioServer, began: Callable[[ServerProcess], None]
) -> "AsyncIterator[tuple[Incoming, Outgoing]]":
    """Run a server for the block, and exchange messages with it. `began` receives its process.

    Raises ToolUnavailable if the server can't be started.
    """
    process = await processes.start(server)
    began(process)
    received, incoming = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
    outgoing, to_send = anyio.create_memory_object_stream["SessionMessage"](0)
    try:
        async with received, incoming, outgoing, to_send, anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, server.name, received)
            tasks.start_soon(_write, process, to_send, received)
            yield incoming, outgoing
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await process.stop()


async def _read(
    process: ServerProcess, name: str, received: "MemoryObjectSendStream[SessionMessage | Exception]"
) -> None:
    """Deliver the server's messages until its output ends."""
    garbage = 0
    async with received:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError):
            async for line in _lines(process):
                message = _parsed(line)
                if message is not None:
                    await received.send(message)
                elif line.strip():
                    garbage += 1
                    if garbage in (1, MAX_GARBAGE_LINES):
                        log.warning("mcp_server_wrote_no_json", server=name, lines=garbage)
                    if garbage >= MAX_GARBAGE_LINES:
                        return


async def _lines(process: ServerProcess) -> AsyncIterator[bytes]:
    """Yield the server's lines; of a line that is too long, a `_TooLong`."""
    line = _Line()
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            line.add(end)
            yield line.content
            line = _Line()
        line.add(rest)
        if line.size > MAX_DROPPED_BYTES:
            return


class _TooLong(bytes):
    """The beginning and the end of a line that was too long."""


class _Line:
    """A line that is being read, in bounded memory."""

    def __init__(self) -> None:
        self.size = 0
        self._kept = bytearray()

    def add(self, part: bytes) -> None:
        self.size += len(part)
        self._kept += part
        if self.size > MAX_MESSAGE_BYTES:
            self._kept = self._kept[:_KEPT_BYTES] + self._kept[-_KEPT_BYTES:]

    @property
    def content(self) -> bytes:
        return bytes(self._kept) if self.size <= MAX_MESSAGE_BYTES else _TooLong(self._kept)


def _parsed(line: bytes) -> "SessionMessage | None":
    """Return a line's message; None if it is none, or if it is a notification that was too long."""
    import mcp_types as types
    from mcp.shared.message import SessionMessage

    if isinstance(line, _TooLong):
        begin, end = line[:_KEPT_BYTES], line[-_KEPT_BYTES:]
        found = _ID_FIRST.match(begin) or (_ID_LAST.search(end) if _BODY_FIRST.match(begin) else None)
        if found is None:
            return None
        error = types.ErrorData(code=TOO_LARGE, message="The answer is too large.")
        return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=int(found[1]), error=error))
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return None


async def _write(
    process: ServerProcess,
    to_send: "MemoryObjectReceiveStream[SessionMessage]",
    received: "MemoryObjectSendStream[SessionMessage | Exception]",
) -> None:
    try:
        async with to_send:
            async for each in to_send:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()
    except (OSError, RuntimeError):
        # The server may still live without reading. Without an end, its requests would wait forever.
        await received.aclose()
