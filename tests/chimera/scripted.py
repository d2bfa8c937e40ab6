"""A server that sends bytes as it is told, for what no server of a vendor's wire does on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.ports import free_port

FOREVER = 600.0
"""Until the client leaves."""


@dataclass
class Script:
    """One answer: bytes are sent, numbers are seconds to wait. Without an `end` the connection breaks."""

    steps: Sequence[bytes | float]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    end: bool = True
    head_at_once: bool = True
    """Else the head comes with the first bytes."""


@dataclass
class Scripted:
    """The server, and what reached it. `script` is how it answers from now on, or first what `answers` was told."""

    url: str
    script: Script = field(default_factory=lambda: Script([]))
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    cut: int = 0
    """Answers that the client didn't stay for."""
    following: list[Script] = field(default_factory=list)

    def answers(self, *scripts: Script) -> None:
        """Forget what came; answer with these in turn, and with the last one from then on."""
        self.script, *self.following = scripts
        self.bodies, self.headers, self.targets, self.cut = [], [], [], 0


@asynccontextmanager
async def running_script() -> AsyncIterator[Scripted]:
    """Serve on a free port for as long as the block lasts."""
    port = free_port()
    scripted = Scripted(f"http://127.0.0.1:{port}")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _answer(scripted, reader, writer)
        except asyncio.IncompleteReadError:
            pass
        except ConnectionError:
            scripted.cut += 1
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield scripted
    finally:
        server.close()


async def _answer(scripted: Scripted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    scripted.targets.append(first.split(" ")[1])
    scripted.headers.append(headers)
    scripted.bodies.append(_parsed(body, headers))
    script = scripted.script
    if scripted.following:
        scripted.script = scripted.following.pop(0)
    told = {"transfer-encoding": "chunked", "connection": "close", **script.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    head = f"HTTP/1.1 {script.status} Said\r\n{head}\r\n"
    if script.head_at_once:
        writer.write(head.encode())
        await writer.drain()
    for step in script.steps:
        if isinstance(step, bytes):
            writer.write(f"{len(step):x}\r\n".encode() + step + b"\r\n")
            await writer.drain()
        elif await _leaves(reader, step):
            scripted.cut += 1
            return
    if script.end:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _parsed(body: bytes, headers: dict[str, str]) -> Any:
    """JSON as what it says, a form as its bytes."""
    if not body:
        return None
    return json.loads(body) if "json" in headers.get("content-type", "json") else body


async def _leaves(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait, and say whether the client went away meanwhile."""
    try:
        return not await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
