"""A server that answers every request with the next script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.ports import free_port
from tests.wires.server import Caller, Request, Script, listening


@dataclass
class Scripted:
    """The server and what reached it. `script` is the next answer; the others given to `answers` follow in turn."""

    url: str
    script: Script = field(default_factory=lambda: Script([]))
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    cut: int = 0
    """The number of answers that the client didn't wait for."""
    following: list[Script] = field(default_factory=list)

    def answers(self, *scripts: Script) -> None:
        """Clear the record; answer with these scripts in turn, and repeat the last one."""
        self.script, *self.following = scripts
        self.bodies, self.headers, self.targets, self.cut = [], [], [], 0

    async def respond(self, request: Request, caller: Caller) -> None:
        """Record the request, and send the script whose turn it is."""
        self.targets.append(request.target)
        self.headers.append(dict(request.headers))
        self.bodies.append(request.body)
        script = self.script
        if self.following:
            self.script = self.following.pop(0)
        if not await caller.send(script):
            self.cut += 1


@asynccontextmanager
async def running_script() -> AsyncIterator[Scripted]:
    """Run a server on a free port while the block runs."""
    port = free_port()
    scripted = Scripted(f"http://127.0.0.1:{port}")
    async with listening(scripted.respond, port):
        yield scripted
