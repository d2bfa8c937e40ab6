"""E. Processes that freeze and then continue, as on a sleeping laptop: F07, F14 and more."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psutil

from chimera.local import Supervised
from models.activity_options import COMPLETE
from tests.faults import jobs
from tests.faults.attempts import by_status, written_twice
from tests.faults.clients import following
from tests.faults.experiments.deaths import FOLLOWED
from tests.faults.lab import Lab, staff, until
from tests.faults.trials import Trial

TOKENS_A_SECOND = 20
POST_EVERY_S = 2.0

TARGETS: dict[str, Callable[[Lab], list[Supervised]]] = {
    "both": lambda lab: lab.workers,
    "one": lambda lab: lab.workers[:1],
    "group": lambda lab: lab.workers[:1],
    "temporal": lambda lab: [lab.temporal],
    "machine": lambda lab: [*lab.workers, lab.api, *lab.stack.parts.values()],
}
"""The processes to freeze, along with their child processes. `group`: the only worker. `machine`: everything except the
provider, which is normally elsewhere.
"""
OF_TWO = ("both", "one")
"""Targets with two workers, either of which may get the next attempt at a call whose own attempt seems lost."""


async def freeze(
    trial: Trial,
    *,
    what: str = "both",
    seconds: float = 20.0,
    runs: int = 40,
    steps: int = 4,
    call_s: tuple[float, float] = (5.0, 20.0),
    within_s: tuple[float, float] = (3.0, 12.0),
) -> None:
    """Stop processes with SIGSTOP during chains of streamed calls, let them continue, and check for missing answers.

    The frozen process survives, so only calls that another worker took over may be repeated.
    """
    lab, prefix = trial.lab, trial.offers.prefix
    await staff(lab, 2 if what in OF_TWO else 1)
    task_ids = await trial.offers.post_all([_chain(trial, steps, call_s) for _ in range(runs)])
    async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
        begun = await until(lambda: _all_in_flight(trial, runs), 60)
        trial.expect(begun, "some runs had no call in flight")
        await asyncio.sleep(trial.random.uniform(*within_s))
        in_flight = await lab.calls_in_flight(prefix)
        trial.report(f"{in_flight} calls in flight, {what} stopped for {seconds:g} s")
        with stopped(TARGETS[what](lab)):
            await _wait(trial, seconds, posting=what != "machine")
        woken = datetime.now(UTC)
        trial.report("continues")
        await lab.all_ended(prefix, 120 + 2 * steps * call_s[1])
    is_moved = what in OF_TWO and seconds > COMPLETE["heartbeat_timeout"].total_seconds()
    found = await trial.check(limit_s=60, extra=in_flight if is_moved else 0)
    after = await _next_events(trial, woken)
    ends = await by_status(trial)
    trial.resume_s = max(after, default=None)
    trial.figures |= {
        "stopped": what,
        "frozen for, s": seconds,
        "calls in flight": in_flight,
        "first event after, s": round(min(after, default=0.0), 1),
        "extra requests": found.extra,
        "answers written twice by the provider": await written_twice(trial),
        "in_doubt": ends["in_doubt"],
        "late": ends["late"],
        "POSTs during the freeze": len(trial.offers.answers) - runs,
    }


@contextmanager
def stopped(services: Sequence[Supervised]) -> Iterator[None]:
    """Freeze processes, along with all their descendants, while the block runs."""
    roots = [psutil.Process(service.pid) for service in services if service.pid is not None]
    processes = [process for root in roots for process in (root, *root.children(recursive=True))]
    try:
        for process in processes:
            process.suspend()
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _chain(trial: Trial, steps: int, call_s: tuple[float, float]) -> dict[str, object]:
    lengths = [int(trial.random.uniform(*call_s) * TOKENS_A_SECOND) for _ in range(steps)]
    return jobs.chain([f"tokens={tokens}; drip={TOKENS_A_SECOND}" for tokens in lengths])


async def _all_in_flight(trial: Trial, runs: int) -> bool:
    return await trial.lab.calls_in_flight(trial.offers.prefix) == runs


async def _wait(trial: Trial, seconds: float, *, posting: bool) -> None:
    """Let time pass. If `posting` is true, clients keep sending tasks."""
    posts = []
    for number in range(int(seconds / POST_EVERY_S)):
        await asyncio.sleep(POST_EVERY_S)
        if posting:
            post = trial.offers.post(f"meanwhile-{number}", jobs.one_call("tokens=20"))
            posts.append(asyncio.create_task(post))
    await asyncio.sleep(seconds % POST_EVERY_S)
    await asyncio.gather(*posts)


async def _next_events(trial: Trial, moment: datetime) -> list[float]:
    """Return the seconds from `moment` to the next event of each task."""
    rows = await trial.lab.rows(
        "SELECT min(e.at) AS at FROM events e JOIN runs t ON t.id = e.run_id"
        " WHERE t.idempotency_key LIKE :prefix AND e.at > :moment GROUP BY t.id",
        prefix=f"{trial.offers.prefix}%",
        moment=moment,
    )
    return [(row["at"] - moment).total_seconds() for row in rows]
