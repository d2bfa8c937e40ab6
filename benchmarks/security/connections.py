"""B13: endless headers, and connections that wait forever."""

import asyncio

import psutil

from benchmarks.security.finding import Finding, Seen, watched
from tests.stack import Stack

MEGABYTES = 100
CONNECTIONS = 800
LONGEST_S = 45.0
"""Longer than the API allows, because the machine may be busy."""
HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALVES = {
    "nothing": b"",
    "half a line": b"GET /hea",
    "half a header": HEAD + b"X-Y: z",
    "half a body": HEAD + b'Content-Length: 100\r\n\r\n{"email"',
}


async def a_header_without_an_end(stack: Stack, megabytes: int = MEGABYTES) -> Seen:
    seen, sent = Seen(), 0
    before = memory(stack)
    async with watched(stack) as watch:
        _, writer = await _open(stack)
        try:
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: ")
            for _ in range(megabytes):
                writer.write(b"x" * 1024 * 1024)
                await writer.drain()
                sent += 1
        except ConnectionError:
            pass
        finally:
            writer.close()
    grown = (memory(stack) - before) / 1024 / 1024
    seen.expect(sent < megabytes, f"{sent} MB of one header were accepted")
    seen.expect(grown <= 20, f"the API grew by {grown:.0f} MB")
    seen.expect(watch.answers > 0, "a second client got no response")
    seen.figures = {"MB sent": sent, "MB grown": round(grown), "longest wait, ms": round(watch.longest_ms)}
    return seen


async def half_requests(stack: Stack, connections: int = CONNECTIONS, addresses: int = 1) -> Seen:
    """Open connections with partial requests: each must be closed, and a second client must get responses meanwhile."""
    seen = Seen(figures={"longest wait, ms": 0})
    seen.decisions.append(f"a connection has {LONGEST_S:g} s here, because a busy machine may exceed the API's 25")
    for what, half in HALVES.items():
        places = [f"127.0.25.{number % addresses + 1}" for number in range(connections // len(HALVES))]
        async with watched(stack) as watch:
            kept = await asyncio.gather(*(_kept(stack, half, address) for address in places))
        seen.figures["longest wait, ms"] = max(seen.figures["longest wait, ms"], round(watch.longest_ms))
        seen.trials += len(kept)
        seen.expect(sum(kept) == 0, f"{what}: {sum(kept)} connections stayed open for {LONGEST_S:g} s")
        seen.expect(watch.answers > 0 and watch.refused == 0, f"{what}: a second client was rejected")
    return seen


async def many_connections(stack: Stack) -> Seen:
    """Open too many connections from one address: clients at other addresses must still get responses."""
    seen = Seen()
    async with watched(stack) as watch:
        opened = [await _open(stack) for _ in range(stack.settings.max_connections)]
        refused = await asyncio.gather(*(_answer(reader) for reader, _ in opened))
        for _, writer in opened:
            writer.close()
    seen.trials += len(opened)
    seen.figures["rejected with 503"] = sum(b" 503 " in each for each in refused)
    seen.expect(seen.figures["rejected with 503"] > 0, "connections were not rejected")
    seen.expect(watch.answers > 0 and watch.refused == 0, "a second client was rejected")
    return seen


async def _kept(stack: Stack, half: bytes, address: str) -> bool:
    try:
        reader, writer = await _open(stack, address)
    except ConnectionError:
        return False
    try:
        writer.write(half)
        async with asyncio.timeout(LONGEST_S):
            await _all_of(reader)
    except TimeoutError:
        return True
    except ConnectionError:
        return False
    finally:
        writer.close()
    return False


async def _answer(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(1):
            return await reader.readline()
    except (TimeoutError, ConnectionError):
        return b""


async def _all_of(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


async def _open(stack: Stack, address: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", stack.settings.api_port, local_addr=(address, 0))


def memory(stack: Stack) -> int:
    return int(psutil.Process(stack.services.api.pid).memory_info().rss)


FINDINGS = (
    Finding("B13a", "a header is limited to 64 KiB", a_header_without_an_end),
    Finding("B13b", "partial requests, silence and partial bodies end within 30 s", half_requests),
    Finding("B13c", "one address gets at most half of the connections", many_connections),
)
