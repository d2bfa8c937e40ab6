"""Clients that follow tasks over WebSockets, and reconnect after the last event that they received."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from models.events import LAST
from models.ids import TaskId
from tests.faults.lab import Lab

JITTER_S = (0.1, 5.0)
"""How long a client waits before it reconnects, as `docs/reference/streams.md` asks."""


@dataclass(slots=True)
class SocketFollower:
    """Follows one task over a WebSocket of its own."""

    url: str
    token: str
    task_id: TaskId
    random: Random
    seen: list[int] = field(default_factory=list)
    tokens: int = 0
    last_type: str = ""
    connections: int = 0
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    lost_at: float | None = None
    reconnected_s: list[float] = field(default_factory=list)
    """How long each loss of the connection lasted, until the subscription was acknowledged again."""

    @property
    def has_ended(self) -> bool:
        return self.last_type in LAST

    def problems(self) -> list[str]:
        """Return the gaps and duplicates in what arrived."""
        if self.seen != list(range(1, len(self.seen) + 1)):
            return [f"{self.task_id}: sequence {self.seen}"]
        return [] if self.has_ended else [f"{self.task_id}: the last event seen was {self.last_type!r}"]

    async def follow(self) -> None:
        """Follow the task until its last event."""
        while not self.has_ended:
            with suppress(OSError, TimeoutError, WebSocketException):
                await self._connect()
            if not self.has_ended:
                self.subscribed.clear()
                self.lost_at = self.lost_at or time.monotonic()
                await asyncio.sleep(self.random.uniform(*JITTER_S))

    async def _connect(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with connect(self.url, additional_headers=headers, open_timeout=10, proxy=None) as socket:
            self.connections += 1
            wish = {"type": "subscribe", "topic": f"run:{self.task_id}", "after": self.seen[-1] if self.seen else 0}
            await socket.send(json.dumps(wish))
            async for text in socket:
                self._note(json.loads(text))
                if self.has_ended:
                    return

    def _note(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "subscribed":
                self.subscribed.set()
                if self.lost_at is not None:
                    self.reconnected_s.append(time.monotonic() - self.lost_at)
                    self.lost_at = None
            case "event":
                self.seen.append(frame["seq"])
                self.last_type = frame["event"]["type"]
            case "tokens":
                self.tokens += 1


@asynccontextmanager
async def connected(
    lab: Lab, task_ids: Sequence[TaskId], seed: int, *, limit_s: float = 60.0
) -> AsyncIterator[list[SocketFollower]]:
    """Follow tasks, each ID over one socket, while the block runs, and at most `limit_s` longer to see their ends."""
    url = f"ws://127.0.0.1:{lab.stack.settings.api_port}/ws"
    token = lab.stack.api.headers["Authorization"].removeprefix("Bearer ")
    followers = [
        SocketFollower(url, token, task_id, Random(f"{seed}/{number}")) for number, task_id in enumerate(task_ids)
    ]
    tasks = [asyncio.create_task(each.follow()) for each in followers]
    try:
        yield followers
        await asyncio.wait(tasks, timeout=limit_s)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_subscribed(followers: Sequence[SocketFollower], limit_s: float) -> bool:
    """Wait until every follower that hasn't ended is subscribed; return False if one isn't after `limit_s`."""

    async def one(follower: SocketFollower) -> None:
        while not follower.has_ended and not follower.subscribed.is_set():
            await asyncio.sleep(0.05)

    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(*map(one, followers))
    except TimeoutError:
        return False
    return True
