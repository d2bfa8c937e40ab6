"""F. Every part is killed, again and again: F04."""

import asyncio
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import psutil

from chimera.local import Supervised
from tests.faults import jobs
from tests.faults.attempts import by_status, written_twice
from tests.faults.clients import Follower
from tests.faults.lab import Lab
from tests.faults.trials import Trial

PATIENCE_S = 120.0
"""The time for which a client keeps sending a task that gets no response."""
FOLLOW_EVERY = 20


async def kill_at_random(
    trial: Trial,
    *,
    minutes: float = 10.0,
    tasks_a_second: float = 1.0,
    every_s: tuple[float, float] = (5.0, 20.0),
    drain_s: float = 900.0,
) -> None:
    """F04: `kill -9` a worker, the API, Redis, Temporal or PostgreSQL every few seconds; each is restarted."""
    lab = trial.lab
    clients = _Clients(trial, tasks_a_second, time.monotonic() + 60 * minutes)
    offering = asyncio.create_task(clients.offer_all())
    killed = Counter[str]()
    try:
        while not clients.over:
            await asyncio.sleep(trial.random.uniform(*every_s))
            part = _next_part(trial, killed)
            killed[part] += kill(trial, part)
            trial.report(f"{sum(killed.values())} kills, most recently {part}; {clients.kept} tasks stored")
        await offering
        await asyncio.gather(*(service.until_ready() for service in _parts(lab).values()))
        # The pool's connections lead to servers that no longer exist.
        await lab.database.engine.dispose()
        trial.report(f"the kills have ended; {await lab.open_runs(trial.offers.prefix)} tasks are open")
        await lab.all_ended(trial.offers.prefix, drain_s)
        await clients.followed()
    finally:
        offering.cancel()
        clients.stop()
    ends = await by_status(trial)
    found = await trial.check(limit_s=1, extra=ends.total() - ends["finished"])
    trial.figures |= {
        "kills": ", ".join(f"{part} {number}" for part, number in sorted(killed.items())),
        "POSTs": len(trial.offers.answers),
        "kept": clients.kept,
        "followed": len(trial.followers),
        "extra requests": found.extra,
        "answers written twice by the provider": await written_twice(trial),
        "in_doubt": ends["in_doubt"],
        "late": ends["late"],
    }
    trial.expect(len(killed) == len(_parts(lab)), f"only {sorted(killed)} were killed")


def kill(trial: Trial, part: str) -> bool:
    """Kill a part as a crash would; for PostgreSQL, the postmaster alone or every process. Return whether it was up."""
    service = _parts(trial.lab)[part]
    if service.pid is None:
        return False
    below = psutil.Process(service.pid).children(recursive=True) if part == "postgres" else []
    service.kill()
    for process in below if trial.random.random() < 0.5 else ():
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    return True


def _parts(lab: Lab) -> dict[str, Supervised]:
    return {"worker": lab.workers[0], "api": lab.api, **lab.stack.parts}


def _next_part(trial: Trial, killed: Counter[str]) -> str:
    """Choose one of the parts that were killed least often."""
    parts = sorted(_parts(trial.lab))
    least = min(killed[part] for part in parts)
    return trial.random.choice([part for part in parts if killed[part] == least])


class _Clients:
    """Offers tasks at a given rate, repeating each until it is stored, and follows some of them."""

    def __init__(self, trial: Trial, tasks_a_second: float, until: float) -> None:
        self._trial = trial
        self._pause_s = 1 / tasks_a_second
        self._until = until
        self._following: list[asyncio.Task[None]] = []
        self.kept = 0

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._until

    async def offer_all(self) -> None:
        offers: list[asyncio.Task[None]] = []
        while not self.over:
            offers.append(asyncio.create_task(self._offer(len(offers))))
            await asyncio.sleep(self._pause_s)
        await asyncio.gather(*offers)

    async def followed(self) -> None:
        """Let the followers reach the end, waiting at most a minute."""
        if self._following:
            await asyncio.wait(self._following, timeout=60)

    def stop(self) -> None:
        for task in self._following:
            task.cancel()

    async def _offer(self, number: int) -> None:
        trial, body = self._trial, _body(number)
        give_up = time.monotonic() + PATIENCE_S
        answer = await trial.offers.post(str(number), body, timeout_s=10)
        while answer.task_id is None and time.monotonic() < give_up:
            await asyncio.sleep(float(answer.retry_after or 1))
            answer = await trial.offers.post(str(number), body, timeout_s=10)
        if answer.task_id is None:
            return
        self.kept += 1
        if number % FOLLOW_EVERY == 0:
            follower = Follower(trial.lab.http, answer.task_id, trial.random)
            trial.followers.append(follower)
            self._following.append(asyncio.create_task(follower.follow()))


def _body(number: int) -> dict[str, Any]:
    bodies = (
        jobs.one_call("tokens=60; drip=20"),
        jobs.quick_then("tokens=100; drip=20"),
        jobs.six_calls(1.0),
        jobs.side_by_side("tokens=40; drip=20", 3),
        jobs.planned_further("split=1"),
    )
    return bodies[number % len(bodies)]
