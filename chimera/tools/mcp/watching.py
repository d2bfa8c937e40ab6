"""Watches a transport's messages: which requests were sent, whether the server floods us, and when it is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any

import anyio
import structlog

from chimera.tools.mcp.codes import EXPIRED

log = structlog.get_logger()

KEY = "chimera/idempotencyKey"
"""The name of the idempotency key in the `_meta` of a call."""
MAX_UNASKED = 10_000
"""The messages that a server may send without answering any request in between, such as reports of progress."""


class Watch:
    """What was seen of a connection's messages."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.over = asyncio.Event()
        """Set once the server can't receive further requests."""
        self.unreadable: set[str] = set()
        """The tools that were left out because their schema isn't that of an object."""
        self._handed_over: set[str] = set()
        self._unasked = 0

    def was_sent(self, key: str) -> bool:
        """Return whether the call with this idempotency key was handed to the transport."""
        return key in self._handed_over

    def forget(self, key: str) -> None:
        self._handed_over.discard(key)

    def sending(self, message: Any) -> None:
        """Note a call before it is handed over: afterward, the server may have it."""
        if getattr(message, "method", None) == "tools/call":
            meta = (message.params or {}).get("_meta") or {}
            if isinstance(key := meta.get(KEY), str):
                self._handed_over.add(key)

    def received(self, message: Any) -> bool:
        """Note a message of the server; return whether to go on reading."""
        result, error = getattr(message, "result", None), getattr(message, "error", None)
        if result is None and error is None:
            self._unasked += 1
            if self._unasked > MAX_UNASKED:
                log.warning("mcp_server_floods", server=self.server, messages=self._unasked)
                return False
            return True
        self._unasked = 0
        if error is not None and error.code == EXPIRED:
            self.over.set()
        if isinstance(result, dict) and isinstance(tools := result.get("tools"), list):
            # The SDK would check each result against this schema with Python's regular expressions, which a hostile
            # pattern keeps busy for hours. It would also fail a call that has taken effect.
            result["tools"] = [tool for tool in tools if self._is_readable(tool)]
            for tool in result["tools"]:
                tool.pop("outputSchema", None)
        return True

    def _is_readable(self, tool: object) -> bool:
        """Return whether the SDK can read a tool. It would reject the whole list because of one."""
        schema = tool.get("inputSchema") if isinstance(tool, dict) else None
        if isinstance(tool, dict) and isinstance(tool.get("name"), str):
            # Without a type, it can only be that of an object: arguments always are one.
            if isinstance(schema, dict) and schema.setdefault("type", "object") == "object":
                return True
            self.unreadable.add(tool["name"][:80])
        return False


@asynccontextmanager
async def watched(
    transport: AbstractAsyncContextManager[tuple[Any, Any]], watch: Watch
) -> AsyncIterator[tuple[Any, Any]]:
    """Return a transport whose messages pass `watch`."""
    try:
        async with transport as (incoming, outgoing):
            yield _Incoming(incoming, watch), _Outgoing(outgoing, watch)
    finally:
        watch.over.set()


class _Stream:
    """One direction of a transport. Of the SDK's protocols, only what differs is in the subclasses."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    async def aclose(self) -> None:
        await self._inner.aclose()

    def close(self) -> None:
        self._inner.close()

    async def __aenter__(self) -> "Any":
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        result: bool | None = await self._inner.__aexit__(kind, error, trace)
        return result


class _Incoming(_Stream):
    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    def __aiter__(self) -> "_Incoming":
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            raise StopAsyncIteration from None

    async def receive(self) -> Any:
        try:
            item = await self._inner.receive()
        except BaseException:
            self._watch.over.set()
            raise
        if not isinstance(item, Exception) and not self._watch.received(item.message):
            self._watch.over.set()
            raise anyio.EndOfStream
        return item


class _Outgoing(_Stream):
    async def send(self, item: Any) -> None:
        self._watch.sending(item.message)
        await self._inner.send(item)
