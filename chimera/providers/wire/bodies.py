"""Limits the size of a server's response before an SDK reads it.

The SDKs read error responses and lists whole, however large they are: half a gigabyte after a status of 500 would take
half a gigabyte of a worker's memory. Compressed bodies are measured uncompressed. The body of an answer isn't limited
here: `pieces` and the media modules count it as it arrives.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http.client import OK
from typing import TYPE_CHECKING

from models.errors import AnswerTooLarge, Malformed

if TYPE_CHECKING:
    import httpx2

MAX_REFUSAL_BYTES = 1024 * 1024
"""How much of an error response is kept; its message is in the first few thousand bytes."""
MAX_LIST_BYTES = 16 * 1024 * 1024
"""Maximum size of a list of models; the longest known lists have less than one MiB."""
COMPRESSED_BYTES = 4096
"""How many bytes are decompressed at a time; gzip expands them at most a thousandfold."""


async def bound(response: "httpx2.Response") -> None:
    """Limit a response that has just begun, as a hook of every client. Raises `AnswerTooLarge` or `Malformed`."""
    encodings = [encoding for encoding in _encodings_of(response) if encoding != "identity"]
    if len(encodings) > 1:
        raise Malformed(
            f"The response is compressed more than once ({', '.join(encodings)[:60]}). Configure the server, or the"
            " proxy in front of it, to compress responses only once."
        )
    if encodings:
        response.stream = _in_pieces(response.stream)
    if response.status_code != OK:
        await _cut(response)
    elif response.request.method == "GET":
        await check_size(
            response, MAX_LIST_BYTES, f"The list is larger than {MAX_LIST_BYTES} bytes. Check the address."
        )


async def check_size(response: "httpx2.Response", max_bytes: int, otherwise: str) -> None:
    """Read a whole body, and put it back for the next reader. Raises `AnswerTooLarge` with the message `otherwise`."""
    parts, size = [], 0
    async with aclosing(_unpacked(response)) as pieces:
        async for piece in pieces:
            parts.append(piece)
            size += len(piece)
            if size > max_bytes:
                raise AnswerTooLarge(otherwise)
    _put_back(response, b"".join(parts))


async def _cut(response: "httpx2.Response") -> None:
    """Keep the beginning of an error response. Its status counts even if its body is truncated or malformed."""
    import httpx2

    parts, size = [], 0
    try:
        async with aclosing(_unpacked(response)) as pieces:
            async for piece in pieces:
                parts.append(piece)
                size += len(piece)
                if size >= MAX_REFUSAL_BYTES:
                    break
    except httpx2.RequestError:
        pass
    _put_back(response, b"".join(parts)[:MAX_REFUSAL_BYTES])


async def _unpacked(response: "httpx2.Response") -> AsyncGenerator[bytes]:
    """Yield the decompressed body as it arrives, through another response object, because the SDK reads this one."""
    import httpx2

    reader = httpx2.Response(
        response.status_code, headers=response.headers, stream=response.stream, request=response.request
    )
    try:
        async with aclosing(reader.aiter_bytes()) as pieces:
            async for piece in pieces:
                yield piece
    finally:
        await reader.aclose()


def _put_back(response: "httpx2.Response", body: bytes) -> None:
    import httpx2

    response.stream = httpx2.ByteStream(body)
    if "content-encoding" in response.headers:
        del response.headers["content-encoding"]


def _encodings_of(response: "httpx2.Response") -> list[str]:
    return [encoding.strip().lower() for encoding in response.headers.get_list("content-encoding", split_commas=True)]


def _in_pieces(stream: object) -> "httpx2.AsyncByteStream":
    import httpx2

    assert isinstance(stream, httpx2.AsyncByteStream)
    whole = stream

    class InPieces(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for part in whole:
                for place in range(0, len(part), COMPRESSED_BYTES):
                    yield part[place : place + COMPRESSED_BYTES]

        async def aclose(self) -> None:
            await whole.aclose()

    return InPieces()
