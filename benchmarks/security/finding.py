"""A weakness that was found, and the attack that shows whether it is still there."""

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
    """What the trials of a finding showed."""

    trials: int = 0
    problems: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)
    """Where something other than the criterion holds on purpose, and why."""
    not_tried: str = ""
    """Why there were no trials: untried attacks prove nothing."""

    def expect(self, holds: bool, otherwise: str) -> None:
        """Count a trial, and note what is wrong unless it `holds`."""
        self.trials += 1
        if not holds:
            self.problems.append(otherwise)

    def take(self, other: "Seen", prefix: str = "") -> None:
        """Add what other trials showed, their figures under names that begin with `prefix`."""
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
        """B2 before B11, and cases of the matrix (S) after what was found (B)."""
        number = self.id[1:].rstrip("abcdefgh")
        return self.id[0], int(number), self.id


@dataclass(slots=True)
class Watch:
    """What a second client saw of the API meanwhile."""

    answers: int = 0
    longest_ms: float = 0.0
    held_ms: float = 0.0
    """The most of its processor that the API's loop used during one wait: what of it is ours, not the machine's."""
    refused: int = 0

    async def next_answer(self) -> None:
        """Wait until what was under way has been answered, and something that was asked afterwards."""
        before = self.answers
        while self.answers < before + 2:
            await asyncio.sleep(0.005)


@asynccontextmanager
async def watched(stack: Stack) -> AsyncIterator[Watch]:
    """Ask the API over and over, from another address, for what takes it nothing: how long it stood still."""
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
    """Seconds of the processor that a process has used: on a busy machine they mean more than the clock."""
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def loop_s(process: Supervised) -> float:
    """The same of a process's first thread, where its event loop is, to the microsecond where Linux reports it."""
    try:
        return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return processor_s(process)


@asynccontextmanager
async def client_of(stack: Stack, *, address: str = "127.0.0.1", token: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """A client that comes from `address`, one of this machine's."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    async with httpx2.AsyncClient(
        transport=transport, base_url=stack.api.base_url, headers=headers, timeout=60
    ) as client:
        yield client


async def new_account(stack: Stack, role: Role = "user") -> str:
    """Make an account with PASSWORD and return its e-mail."""
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
