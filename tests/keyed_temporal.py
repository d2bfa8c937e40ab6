"""A server that implements just enough of Temporal's gRPC for a sign-in, and admits only one API key.

The development server has no sign-in. This one reads HTTP/2 frames, looks for the key in a request's headers, and
answers each request with an empty message or a rejection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

from tests.tls import huffman

UNAUTHENTICATED, PERMISSION_DENIED = 16, 7

_PREFACE_BYTES = 24
_DATA, _HEADERS, _SETTINGS, _PING = 0, 1, 4, 6
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4
_STATUS_200 = b"\x88"
"""From HPACK's static table (RFC 7541, appendix A)."""
_EMPTY_MESSAGE = bytes(5)


@asynccontextmanager
async def keyed_temporal(api_key: str, rejection: int = UNAUTHENTICATED, unchecked: int = 0) -> AsyncIterator[str]:
    """Serve without TLS, and yield the address.

    The first `unchecked` requests of each connection need no key: Temporal's own authorizer lets anyone ask for system
    information.
    """
    sent = huffman(f"Bearer {api_key}")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lets_in, requests = False, 0
        with suppress(OSError, asyncio.IncompleteReadError), closing(writer):
            await reader.readexactly(_PREFACE_BYTES)
            writer.write(_frame(_SETTINGS))
            while True:
                kind, flags, stream, payload = await _next(reader)
                if kind == _HEADERS:
                    # Later requests on a connection refer to a header by its number.
                    lets_in = lets_in or sent in payload
                    is_answered = lets_in or requests < unchecked
                    requests += 1
                    writer.write(_answer(stream) if is_answered else _rejected(stream, rejection))
                elif kind in (_SETTINGS, _PING) and not flags & _ACK:
                    writer.write(_frame(kind, _ACK, payload=payload if kind == _PING else b""))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _next(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    header = await reader.readexactly(9)
    payload = await reader.readexactly(int.from_bytes(header[:3], "big"))
    return header[3], header[4], int.from_bytes(header[5:], "big"), payload


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _answer(stream: int) -> bytes:
    begin = _frame(_HEADERS, _END_HEADERS, stream, _STATUS_200 + _header("content-type", "application/grpc"))
    end = _frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, _header("grpc-status", "0"))
    return begin + _frame(_DATA, 0, stream, _EMPTY_MESSAGE) + end


def _rejected(stream: int, status: int) -> bytes:
    block = _STATUS_200 + _header("content-type", "application/grpc") + _header("grpc-status", str(status))
    return _frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, block)


def _header(name: str, value: str) -> bytes:
    """Encode a header that is in no table, without Huffman coding."""
    return b"\x00" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()
