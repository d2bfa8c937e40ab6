"""S28, S30: private destinations in many spellings, as URLs of tools and of MCP servers. Listeners count connects."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from benchmarks.security.finding import Finding, Seen
from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.egress.resolving import system_resolver
from chimera.egress.transport import Ways
from chimera.tools.base import ToolError
from chimera.tools.fetch_page import FetchPage
from chimera.tools.http_request import HttpRequest
from tests.chimera.egress.servers import Place, says, serving
from tests.chimera.tools.calls import context
from tests.destinations import ADDRESSES, PORTS, spellings
from tests.stack import Stack

OPEN = (80, 443)
LOCAL_NAMES = {"localhost", "LOCALHOST"}
Ask = Callable[[str], Awaitable[None]]
"""Sends a request to a URL. Raises an exception if none is sent."""


async def tools(stack: Stack) -> Seen:
    """Ask for every spelling with both tools that accept a URL."""
    seen = Seen()
    async with listeners(seen) as places:
        client = EgressClient(stack.settings, Ways(attackers))
        fetch, request = FetchPage(client), HttpRequest(client)

        async def by_fetch(url: str) -> None:
            await fetch.run({"url": url}, context())

        async def by_request(url: str) -> None:
            await request.run({"method": "POST", "url": url, "body": "x"}, context())

        await _try(seen, places, stack.settings, (by_fetch, by_request), (ToolError,))
    return seen


async def mcp_urls(stack: Stack) -> Seen:
    """Connect to every spelling as to an MCP server, and also send a plain request with the guarded client."""
    seen = Seen()
    refused = (EgressRefused, EgressFailed, httpx2.InvalidURL)
    async with listeners(seen) as places:
        client = EgressClient(stack.settings, Ways(attackers))

        async def by_client(url: str) -> None:
            async with client.guarded() as guarded:
                await guarded.post(url, content=b"{}", headers={"Authorization": "Bearer x"})

        async def by_mcp(url: str) -> None:
            try:
                async with client.guarded() as guarded, Client(streamable_http_client(url, http_client=guarded)):
                    pass
            except ExceptionGroup as group:
                raise _first(group) from None

        await _try(seen, places, stack.settings, (by_client, by_mcp), refused)
    return seen


async def attackers(host: str, port: int) -> Sequence[str]:
    """Answer for the attacker's zone. Other names than this machine's aren't asked about, so that nothing leaves it."""
    if host in ADDRESSES:
        return ADDRESSES[host]
    return await system_resolver(host, port) if host in LOCAL_NAMES else await system_resolver(f"{host}.invalid", port)


@asynccontextmanager
async def listeners(seen: Seen) -> AsyncIterator[list[Place]]:
    """Listen wherever a spelling may lead: at the usual ports of our servers, those of the web, and a free one."""
    async with AsyncExitStack() as stack:
        places = []
        for host in ("127.0.0.1", "::1"):
            for port in (0, *PORTS.values(), *OPEN):
                try:
                    places.append(await stack.enter_async_context(serving(says(b"secret"), host, port)))
                except OSError:
                    seen.figures["ports in use"] = f"{seen.figures.get('ports in use', '')} {port}".strip()
        seen.figures["listeners"] = len(places)
        yield places


async def _try(
    seen: Seen, places: list[Place], settings: Settings, ways: Sequence[Ask], refused: tuple[type[Exception], ...]
) -> None:
    before = sum(place.connects for place in places)
    urls = [*spellings(places[0].port), *(f"http://127.0.0.1:{port}/" for port in _own_ports(settings))]
    for url in urls:
        for way in ways:
            try:
                await way(url)
            except refused:
                seen.expect(True, "")
            except Exception as error:  # noqa: BLE001  (whatever else it is, it isn't the policy's decision)
                seen.expect(False, f"{url!r}: {type(error).__name__}")
            else:
                seen.expect(False, f"{url!r} was answered")
    connects = sum(place.connects for place in places) - before
    seen.figures["connects"] = seen.figures.get("connects", 0) + connects
    seen.expect(connects == 0, f"{connects} connections were opened")
    seen.expect(await _is_counted(places[0]), "the listeners count nothing")


async def _is_counted(place: Place) -> bool:
    """Return whether an allowed request is counted: otherwise a count of 0 would prove nothing."""
    before = place.connects
    client = EgressClient(Settings(_env_file=None, egress_allow=place.listed()))
    await client.request("GET", place.url())
    counted, place.connects = place.connects == before + 1, before
    return counted


def _first(error: Exception) -> Exception:
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def _own_ports(settings: Settings) -> Sequence[int]:
    return settings.api_port, settings.temporal_port, settings.temporal_ui_port, settings.simulator_port


FINDINGS = (
    Finding("S28", "tools connect to no private destination, however its URL is spelled", tools),
    Finding("S30", "no private destination is reached as an MCP server", mcp_urls),
)
