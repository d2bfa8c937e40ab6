"""Handles bodies that aren't encoded as their headers say.

Loads the HTTP library, so import this module only where a client is created.
"""

from collections.abc import AsyncIterator

import httpx2

_BEGINNINGS_OF_TEXT = frozenset(b'deri:{[<"\n\r \xef')
"""First bytes of events in any form, of JSON and of web pages; no encoded body begins with them."""


class Begun(httpx2.AsyncByteStream):
    """A stream whose first bytes can be inspected before it is read."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream
        self._chunks = aiter(stream)
        self._first = b""

    async def first(self) -> bytes:
        """Wait for the first bytes; empty if the stream is."""
        while not self._first and (chunk := await anext(self._chunks, None)) is not None:
            self._first = chunk
        return self._first

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._first:
            yield self._first
        async for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def trust_bytes(response: httpx2.Response) -> None:
    """Remove `Content-Encoding` if the body begins as text: some proxies decompress the body but keep the header.

    https://github.com/open-webui/open-webui/pull/23876
    """
    if "content-encoding" not in response.headers or not isinstance(response.stream, httpx2.AsyncByteStream):
        return
    response.stream = begun = Begun(response.stream)
    first = await begun.first()
    if first and first[0] in _BEGINNINGS_OF_TEXT:
        del response.headers["content-encoding"]
