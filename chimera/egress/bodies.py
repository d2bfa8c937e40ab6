"""Bodies of responses, with a limit on their size after decompression."""

import zlib
from collections.abc import AsyncIterable, AsyncIterator

import httpx2

from chimera.egress.errors import EgressRefused

ENCODINGS = "gzip, deflate"
"""Only encodings whose decompression can stop at any byte. Others are refused unread, even if a server sends them."""

_GZIP = zlib.MAX_WBITS | 16


class TooLarge(EgressRefused):
    """A body with more bytes than are accepted."""

    def __init__(self, host: str, max_bytes: int, status: int) -> None:
        super().__init__(
            f"The response from {host!r} is larger than {max_bytes} bytes. Request a smaller page or file.",
            status=status,
        )


class NotDecodable(EgressRefused):
    """A body that is compressed in an unknown or damaged form."""

    def __init__(self, host: str, encoding: str, status: int) -> None:
        super().__init__(
            f"The response from {host!r} can't be decompressed ({encoding[:40]!r}). Use another URL.", status=status
        )


async def read_body(response: httpx2.Response, host: str, max_bytes: int) -> bytes:
    """Read and decompress a response's body. Raises EgressRefused if it has more than `max_bytes`."""
    status, encoding = response.status_code, encoding_of(response)
    if encoding not in ("", "gzip", "deflate"):
        raise NotDecodable(host, encoding, status)
    if not encoding and (length := response.headers.get("content-length", "")).isdecimal() and int(length) > max_bytes:
        raise TooLarge(host, max_bytes, status)
    assert isinstance(response.stream, AsyncIterable)
    body, inflate = bytearray(), _Inflater(encoding)
    try:
        async for chunk in response.stream:
            # One byte more than allowed shows that there are more, however many those are.
            body += inflate.take(chunk, max_bytes + 1 - len(body))
            if len(body) > max_bytes:
                raise TooLarge(host, max_bytes, status)
    except zlib.error:
        raise NotDecodable(host, encoding, status) from None
    return bytes(body)


def encoding_of(response: httpx2.Response) -> str:
    """Return the compression of a response; empty if there is none."""
    encoding = str(response.headers.get("content-encoding", "")).strip().lower()
    return {"identity": "", "x-gzip": "gzip"}.get(encoding, encoding)


class _Inflater:
    """Decompresses a body piece by piece, and never more than asked for."""

    def __init__(self, encoding: str) -> None:
        self._is_deflate = encoding == "deflate"
        self._inflate = zlib.decompressobj(_GZIP if encoding == "gzip" else zlib.MAX_WBITS) if encoding else None
        self._is_first = True

    def take(self, chunk: bytes, limit: int) -> bytes:
        """Return at most `limit` bytes, at least 1."""
        if self._inflate is None or not chunk:
            return chunk[:limit]
        is_first, self._is_first = self._is_first, False
        try:
            return self._inflate.decompress(chunk, limit)
        except zlib.error:
            if not (self._is_deflate and is_first):
                raise
            # Some servers send deflate without zlib's header.
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflate.decompress(chunk, limit)


class LimitedStream(httpx2.AsyncByteStream):
    """A body that is passed on as it arrives, and ends with an error at the limit.

    For an event stream, which may last for days, the limit applies to each event.
    """

    def __init__(self, response: httpx2.Response, host: str, max_bytes: int) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self._stream, self._host, self._max_bytes = response.stream, host, max_bytes
        self._status = response.status_code
        self._has_events = str(response.headers.get("content-type", "")).lower().startswith("text/event-stream")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, end = 0, b""
        async for chunk in self._stream:
            size += len(chunk)
            if self._has_events:
                end += chunk
                if (rest := _after_last_event(end)) is not None:
                    size = rest
                end = end[-3:]
            if size > self._max_bytes:
                raise TooLarge(self._host, self._max_bytes, self._status)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _after_last_event(data: bytes) -> int | None:
    """Return how many bytes follow the last blank line, which ends an event; None if there is none."""
    found = [at + len(mark) for mark in (b"\n\n", b"\r\n\r\n", b"\r\r") if (at := data.rfind(mark)) >= 0]
    return len(data) - max(found) if found else None
