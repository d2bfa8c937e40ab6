"""An experiment's clients: one offers tasks and records each response, and others follow the tasks' events."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal
from uuid import uuid4

import httpx2

from models.events import LAST
from models.ids import TaskId
from tests.faults.lab import Lab
from tests.wires.gateway.service import OPENAI, SimulatedVendor

Kind = Literal["ok", "refused", "failed", "unknown"]
"""`refused`: with a documented code. `unknown`: no response arrived, so the task may have been accepted or not."""

PATIENCE = 5
"""The number of times that a client retries after being told to wait."""


@dataclass(frozen=True, slots=True)
class PostResult:
    """The outcome of one POST."""

    key: str
    kind: Kind
    status: int | None = None
    task_id: TaskId | None = None
    code: str = ""
    retry_after: str | None = None
    replayed: bool = False


@dataclass(slots=True)
class Offers:
    """Posts tasks under an experiment's keys."""

    lab: Lab
    prefix: str
    wire: SimulatedVendor = OPENAI
    answers: list[PostResult] = field(default_factory=list)

    @classmethod
    def of(cls, lab: Lab, experiment: str, seed: int, wire: SimulatedVendor) -> "Offers":
        return cls(lab, f"{experiment}-{seed}-{uuid4().hex[:8]}/", wire)

    async def post(self, name: str, body: dict[str, Any], *, timeout_s: float = 30.0) -> PostResult:
        """Offer a task once under the key `name`; record and return the outcome."""
        answer = await self._post(self.prefix + name, body, timeout_s)
        self.answers.append(answer)
        return answer

    async def post_all(self, bodies: Sequence[dict[str, Any]]) -> list[TaskId]:
        """Offer tasks at once, retrying those rejected with 503, and return the IDs of the accepted ones."""
        answers = await asyncio.gather(*(self.post_patiently(str(n), body) for n, body in enumerate(bodies)))
        return [answer.task_id for answer in answers if answer.task_id is not None]

    def last(self) -> dict[str, PostResult]:
        """Return the newest response for each key."""
        return {answer.key: answer for answer in self.answers}

    def accepted(self) -> set[TaskId]:
        """Return every task that a client saw accepted."""
        return {answer.task_id for answer in self.answers if answer.task_id is not None}

    def put_off(self) -> int:
        """Count the POSTs that were rejected with a time to retry."""
        return sum(answer.retry_after is not None for answer in self.answers)

    def answered_share(self) -> float:
        """Return the share of keys that were finally accepted, or refused with a documented code."""
        last = self.last()
        return sum(answer.kind in ("ok", "refused") for answer in last.values()) / max(1, len(last))

    async def post_patiently(self, name: str, body: dict[str, Any]) -> PostResult:
        """Offer a task, and retry while it is rejected with a time to retry."""
        answer = await self.post(name, body)
        for _ in range(PATIENCE):
            if answer.retry_after is None:
                break
            await asyncio.sleep(float(answer.retry_after))
            answer = await self.post(name, body)
        return answer

    async def _post(self, key: str, body: dict[str, Any], timeout_s: float) -> PostResult:
        try:
            response = await self.lab.http.post(
                "/api/v1/tasks",
                json={"model": self.wire.model, **body},
                headers={"Idempotency-Key": key},
                timeout=timeout_s,
            )
        except httpx2.HTTPError:
            return PostResult(key, "unknown")
        content = response.json() if "json" in response.headers.get("content-type", "") else {}
        if response.is_success:
            replayed = response.headers.get("Idempotent-Replayed") == "true"
            return PostResult(key, "ok", response.status_code, TaskId(content["id"]), replayed=replayed)
        code = content.get("code", "")
        documented = bool(code) and response.status_code != 500
        return PostResult(
            key,
            "refused" if documented else "failed",
            response.status_code,
            code=code,
            retry_after=response.headers.get("Retry-After"),
        )


@dataclass(slots=True)
class Follower:
    """Follows one task over SSE like a browser page: after a break, it reconnects with the last number it saw."""

    http: httpx2.AsyncClient
    task_id: TaskId
    random: Random
    seen: list[int] = field(default_factory=list)
    last_type: str = ""
    connections: int = 0

    async def follow(self) -> None:
        while self.last_type not in LAST:
            with suppress(httpx2.HTTPError):
                await self._connect()
            await asyncio.sleep(0.2 + 0.5 * self.random.random())

    def problems(self) -> list[str]:
        """Return what a user at the screen would have missed or seen twice."""
        found = []
        if self.seen != list(range(1, len(self.seen) + 1)):
            found.append(f"{self.task_id}: sequence {self.seen}")
        if self.last_type not in LAST:
            found.append(f"{self.task_id}: the last event seen was {self.last_type!r}")
        return found

    async def _connect(self) -> None:
        self.connections += 1
        after = self.seen[-1] if self.seen else 0
        path = f"/api/v1/tasks/{self.task_id}/events"
        timeout = httpx2.Timeout(10, read=60)
        async with self.http.stream("GET", path, params={"after": after}, timeout=timeout) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    self._note(json.loads(line.removeprefix("data:")))

    def _note(self, frame: dict[str, Any]) -> None:
        if frame["kind"] == "event":
            self.seen.append(frame["seq"])
            self.last_type = frame["event"]["type"]


@asynccontextmanager
async def following(lab: Lab, task_ids: Sequence[TaskId], seed: int) -> AsyncIterator[list[Follower]]:
    """Follow tasks while the block runs and for at most 30 s longer, until each follower has seen the last event."""
    followers = [Follower(lab.http, task_id, Random(f"{seed}/{task_id}")) for task_id in task_ids]
    tasks = [asyncio.create_task(follower.follow()) for follower in followers]
    try:
        yield followers
        if tasks:
            await asyncio.wait(tasks, timeout=30)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
