"""A weakness that was found, and the attack that shows whether it still exists."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil

from chimera.db.engine import Database
from chimera.local.supervisor import Supervised
from chimera.security.passwords import Passwords
from chimera.store import users
from models.users import Role
from tests.stack import Stack

API = "/api/v1"
PASSWORD = "a canary that sings at dawn"


@dataclass(slots=True)
class Seen:
    """The results of a finding's trials."""

    trials: int = 0
    problems: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)
    """Intended deviations from the criterion, with their reasons."""
    not_tried: str = ""
    """Why there were no trials. Untried attacks prove nothing."""

    def expect(self, holds: bool, otherwise: str) -> None:
        """Count a trial, and unless it `holds`, add the problem `otherwise`."""
        self.trials += 1
        if not holds:
            self.problems.append(otherwise)

    def take(self, other: "Seen", prefix: str = "") -> None:
        """Add the results of other trials, with `prefix` before the names of their figures."""
        self.trials += other.trials
        self.problems += other.problems
        self.decisions += other.decisions
        self.figures |= {f"{prefix}{name}": value for name, value in other.figures.items()}


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    what: str
    """What must hold, in words."""
    attack: Callable[[Stack], Awaitable[Seen]]

    @property
    def place(self) -> tuple[str, int, str]:
        """The sort key: B2 before B11, and attacks from the list (S) after those found in the past (B)."""
        number = self.id[1:].rstrip("abcdefgh")
        return self.id[0], int(number), self.id


@dataclass(slots=True)
class Watch:
    """What a second client observes of the API during an attack."""

    answers: int = 0
    longest_ms: float = 0.0
    held_ms: float = 0.0
    """The most processor time of the API's event loop during one wait: the part not caused by a busy machine."""
    refused: int = 0

    async def next_answer(self) -> None:
        """Wait for the response to the request in flight, and to another one that was sent after it."""
        before = self.answers
        while self.answers < before + 2:
            await asyncio.sleep(0.005)


@asynccontextmanager
async def watched(stack: Stack) -> AsyncIterator[Watch]:
    """Send the API cheap requests continuously, from another address, to measure how long it doesn't respond."""
    watch, api = Watch(), stack.services.api
    async with client_of(stack, address="127.0.0.77") as client:

        async def ask() -> None:
            while True:
                began, held = time.perf_counter(), loop_s(api)
                try:
                    answer = await client.get("/health/live")
                except httpx2.TransportError:
                    watch.refused += 1
                    continue
                watch.longest_ms = max(watch.longest_ms, (time.perf_counter() - began) * 1000)
                watch.held_ms = max(watch.held_ms, (loop_s(api) - held) * 1000)
                watch.answers += answer.status_code == httpx2.codes.OK
                await asyncio.sleep(0.005)

        asking = asyncio.create_task(ask())
        try:
            await asyncio.sleep(0.5)
            yield watch
            await asyncio.sleep(0.2)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


def processor_s(process: Supervised) -> float:
    """Return the seconds of processor time that a process has used. On a busy machine, they tell more than a clock."""
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def loop_s(process: Supervised) -> float:
    """Return the processor time of a process's first thread, which runs its event loop.

    It is exact to the microsecond if Linux reports it; otherwise, the processor time of the whole process is returned.
    """
    try:
        return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return processor_s(process)


@asynccontextmanager
async def client_of(stack: Stack, *, address: str = "127.0.0.1", token: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client whose requests come from `address`, which is one of this machine's."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    async with httpx2.AsyncClient(
        transport=transport, base_url=stack.api.base_url, headers=headers, timeout=60
    ) as client:
        yield client


async def new_account(stack: Stack, role: Role = "user") -> str:
    """Create an account with PASSWORD and return its e-mail."""
    email = f"{uuid4().hex}@example.com"
    database = Database(stack.settings)
    try:
        async with database.begin() as session:
            await users.create(session, email, await Passwords().hash(PASSWORD), role=role)
    finally:
        await database.close()
    return email


async def try_password(client: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/login", json={"email": email, "password": password})
