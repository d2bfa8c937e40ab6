"""Servers on loopback that answer with whatever bytes a test needs, and count what arrives."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import httpcore2

from chimera.egress.addresses import is_public
from chimera.egress.resolving import Resolver

Answer = Callable[[asyncio.StreamWriter, "Arrived"], Awaitable[None]]
"""Writes the answer to one request."""


@dataclass(frozen=True)
class Arrived:
    """A request as it arrived. Names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Place:
    """A server: where it listens, and what arrived."""

    port: int
    connects: int = 0
    arrived: list[Arrived] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def listed(self, *hosts: str) -> tuple[str, ...]:
        """Return entries for the allow-list, at least for the address."""
        return tuple(f"{host}:{self.port}" for host in ("127.0.0.1", *hosts))


def says(
    body: bytes = b"", *, status: int = 200, kind: str = "text/plain", headers: Mapping[str, str] | None = None
) -> Answer:
    """Answer with a whole response."""
    named = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())

    async def answer(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        writer.write(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + body)
        await writer.drain()

    return answer


def pours(chunk: bytes, head: str = "", *, pause_s: float = 0.0) -> Answer:
    """Answer with a body that never ends."""

    async def answer(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{head}\r\n".encode())
        while True:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return answer


def redirects(location: str, status: int = 302) -> Answer:
    return says(status=status, headers={"Location": location})


@asynccontextmanager
async def serving(answer: Answer, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Place]:
    """Serve on loopback until the end of the block. Every connection is closed after one answer."""
    place = Place(port)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place.connects += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        # A client that has seen enough leaves, and the end of the block cancels.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            arrived = await _request(reader)
            place.arrived.append(arrived)
            await answer(writer, arrived)
        writer.close()

    listening = await asyncio.start_server(serve, host, port)
    place.port = listening.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> Arrived:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, target, _ = first.split(" ")
    return Arrived(method, target, headers, body)


def zone(names: Mapping[str, Sequence[str]]) -> Resolver:
    """Return a resolver that knows only these names."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return names[host]

    return resolve


class Internet(httpcore2.AsyncNetworkBackend):
    """A network on which a server on loopback stands in for every public address. It notes what is connected to."""

    def __init__(self, server: Place) -> None:
        self.connected: list[str] = []
        self._server, self._loopback = server, httpcore2.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *rest: Any, **named: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append(host)
        if is_public(ip_address(host)):
            host, port = "127.0.0.1", self._server.port
        return await self._loopback.connect_tcp(host, port, *rest, **named)
