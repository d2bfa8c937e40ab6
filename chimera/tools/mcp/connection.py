"""One live connection to an MCP server, in a task of its own.

The SDK's sessions have to be closed by the task that opened them, so a task holds the session, and calls come from
others. Whatever happens to the server ends only this task.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Any

import structlog

from chimera import __version__
from chimera.content.text import clean_text
from chimera.tools.base import ToolUnavailable
from chimera.tools.mcp.codes import REFUSED
from chimera.tools.mcp.definitions import Listing, NotUsable, check_size, listing_of
from chimera.tools.mcp.http import HttpClients, http_transport
from chimera.tools.mcp.processes import ServerProcess
from chimera.tools.mcp.servers import Server, StdioServer, without_secrets
from chimera.tools.mcp.stdio import stdio_transport
from chimera.tools.mcp.watching import Watch, watched

if TYPE_CHECKING:
    from mcp import Client

log = structlog.get_logger()

START_S = 30.0
"""How long a process may take until its tools are listed. `npx` downloads a server when it runs it first."""
OPEN_S = 15.0
"""The same for a server at an address, of which the connection may take `CONNECT_S`."""
LIST_S = 15.0
LISTEN_S = 3.0
FRESH_S = 60.0
"""How old a list may be when a tool is called. Not every server announces that its list has changed."""
MAX_PAGES = 20
CLOSE_S = 10.0


class Connection:
    """A connection and the tools that its server offers. `open` first, `close` at the end."""

    def __init__(self, server: Server, clients: HttpClients) -> None:
        self.server = server
        self.listing = Listing({}, {})
        self.watch = Watch(server.name)
        self.used_at = time.monotonic()
        self.calls = 0
        """The calls in flight."""
        self._clients = clients
        self._client: Client | None = None
        self._process: ServerProcess | None = None
        self._listed_at = 0.0
        self._is_stale = False
        self._listing = asyncio.Lock()
        self._listens = asyncio.Event()
        self._ending = asyncio.Event()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether a new connection is needed."""
        return self.watch.over.is_set() or self._task is None or self._task.done()

    @property
    def client(self) -> "Client":
        if self._client is None:
            raise ToolUnavailable(f"MCP server {self.server.name!r} isn't connected.")
        return self._client

    async def open(self) -> None:
        """Connect and list the tools. Raises ToolUnavailable, which says why this isn't possible."""
        self._task = asyncio.create_task(self._live())
        limit = START_S if isinstance(self.server, StdioServer) else OPEN_S
        try:
            async with asyncio.timeout(limit):
                await asyncio.shield(self._ready)
        except TimeoutError:
            reason = f"it didn't answer within {limit:g} s"
            await self.close()
            raise self._unavailable(reason) from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the session, and the server's process."""
        self._ending.set()
        if self._task is None or self._task.done():
            return
        if not self._ready.done():
            # It waits for the server.
            self._task.cancel()
        done, _ = await asyncio.wait({self._task}, timeout=CLOSE_S)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_S)

    async def current(self) -> Listing:
        """Return the tools, listed again if the server has announced a change or the list is old.

        Raises ToolUnavailable if they can't be listed.
        """
        async with self._listing:
            if self._is_stale or time.monotonic() - self._listed_at > FRESH_S:
                await self._list()
        return self.listing

    async def _live(self) -> None:
        try:
            await self._converse()
        except asyncio.CancelledError:
            self._fail(RuntimeError("the connection was closed"))
            raise
        except BaseException as error:  # The SDK raises groups of any errors. None of them may reach the worker.
            if not isinstance(error, Exception):
                self._fail(RuntimeError("the process is ending"))
                raise
            self._fail(error)
        finally:
            self._client = None
            self.watch.over.set()
            # Perhaps no call waits for it anymore.
            with suppress(BaseException):
                if self._ready.done() and not self._ready.cancelled():
                    self._ready.exception()

    async def _converse(self) -> None:
        client = await asyncio.to_thread(_client_class)
        info = await asyncio.to_thread(_client_info)
        opened = client(
            watched(self._transport(), self.watch),
            client_info=info,
            message_handler=self._note,
            cache=None,
        )
        async with opened as self._client:
            listening = asyncio.create_task(self._listen(opened))
            try:
                # First, so that no change after the list is missed.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._listens.wait(), LISTEN_S)
                await self._list()
                if not self._ready.done():
                    self._ready.set_result(None)
                await self._ended()
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    def _transport(self) -> AbstractAsyncContextManager[tuple[Any, Any]]:
        if isinstance(self.server, StdioServer):
            return stdio_transport(self.server, self._began)
        return http_transport(self.server, self._clients)

    def _began(self, process: ServerProcess) -> None:
        self._process = process

    async def _ended(self) -> None:
        """Wait until the connection is to be closed, or the server is gone."""
        waits = [asyncio.create_task(each.wait()) for each in (self._ending, self.watch.over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            self._fail(RuntimeError("the server is gone"))
        finally:
            for task in waits:
                task.cancel()

    async def _listen(self, client: "Client") -> None:
        """Listen for changes of the list. Newer servers announce them only to clients that do."""
        from mcp_types.version import MODERN_PROTOCOL_VERSIONS

        tools = client.server_capabilities.tools
        try:
            if client.protocol_version in MODERN_PROTOCOL_VERSIONS and tools is not None and tools.list_changed:
                async with client.listen(tools_list_changed=True) as changes:
                    self._listens.set()
                    async for _ in changes:
                        self._is_stale = True
        except Exception as error:  # noqa: BLE001  # without this stream, old lists are read again after a minute
            log.debug("mcp_server_not_heard", server=self.server.name, error=type(error).__name__)
        finally:
            self._listens.set()

    async def _note(self, message: object) -> None:
        import mcp_types as types

        if isinstance(message, types.ToolListChangedNotification):
            self._is_stale = True

    async def _list(self) -> None:
        """List the tools. Raises ToolUnavailable, also if the list can't be used."""
        self._is_stale = False
        try:
            async with asyncio.timeout(LIST_S):
                tools = await self._pages()
            self.listing = await asyncio.to_thread(listing_of, self.server, tools)
        except Exception as error:  # noqa: BLE001  # the SDK raises many kinds, and each means the same here
            self._is_stale = True
            raise self._unavailable(_reason_of(error)) from None
        self._listed_at = time.monotonic()
        unreadable = (f"Tool {name!r} is left out: its schema isn't an object's." for name in self.watch.unreadable)
        for problem in (*self.listing.problems, *unreadable):
            log.warning("mcp_tool_left_out", server=self.server.name, problem=problem)

    async def _pages(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self.client.list_tools(cursor=cursor)
            found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
            check_size(found)
            cursor = page.next_cursor
            if cursor is None:
                return found
        raise NotUsable(f"The server's list of tools has more than {MAX_PAGES} pages.")

    def _fail(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if not self._ready.done():
            known = isinstance(error, ToolUnavailable)
            self._ready.set_exception(error if known else self._unavailable(_reason_of(error)))
        elif not self._ending.is_set():
            log.warning("mcp_connection_lost", server=self.server.name, reason=_reason_of(error))

    def _unavailable(self, reason: str) -> ToolUnavailable:
        words = self._process.last_words if self._process is not None else ""
        text = f"MCP server {self.server.name!r} is unavailable: {reason.rstrip('.')}."
        return ToolUnavailable(without_secrets(f"{text} Its last output: {words}" if words else text, self.server))


def _client_class() -> "Callable[..., Client]":
    # Imported in a thread: the first import takes about two seconds, in which a worker's other calls go on.
    from mcp import Client

    return Client


def _client_info() -> Any:
    from mcp_types import Implementation

    return Implementation(name="chimera", version=__version__)


def _reason_of(error: BaseException) -> str:
    """Return why a connection failed, in words and without a stranger's text beyond a line."""
    if isinstance(error, ToolUnavailable):
        return error.message
    if isinstance(error, NotUsable | RuntimeError):
        return clean_text(str(error))[:120]
    if isinstance(error, TimeoutError):
        return f"it didn't list its tools within {LIST_S:g} s"
    code = getattr(error, "code", None)
    if code == REFUSED:
        return "it refused the credentials. Correct its headers"
    message = getattr(error, "message", "") if isinstance(code, int) else ""
    if message == "Connection closed":
        return "it closed the connection"
    return clean_text(str(message))[:120] or type(error).__name__
