"""The result of an experiment, and the bookkeeping that all experiments share."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from tests.faults.checker import Findings, examine
from tests.faults.clients import Follower, Offers
from tests.faults.lab import Lab
from tests.wires.gateway.service import OPENAI, SimulatedVendor


@dataclass(slots=True)
class Trial:
    """One run of one experiment: what it works with, what it measures, and the problems it finds."""

    lab: Lab
    offers: Offers
    seed: int
    random: Random
    followers: list[Follower] = field(default_factory=list)
    figures: dict[str, float | int | str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Durations over their limits. They are separate from the problems, because a busy machine explains them."""
    resume_s: float | None = None
    """K9: how long after the fault, or after the part was back, the last run continued."""
    findings: Findings | None = None
    took_s: float = 0.0
    report: Callable[[str], None] = lambda line: None
    """Receives the progress of a long experiment."""

    def expect(self, holds: bool, otherwise: str) -> None:
        """Record a problem unless `holds`. The experiment continues, so that every problem is found."""
        if not holds:
            self.problems.append(otherwise)

    def expect_in_time(self, holds: bool, otherwise: str) -> None:
        """Record that something took too long unless `holds`."""
        if not holds:
            self.late.append(otherwise)

    async def check(self, *, limit_s: float, extra: int = 0, completed: int | None = None) -> Findings:
        """Wait for all runs to end, then count everything.

        `extra` is how many extra calls the fault may cause, `completed` how many runs must complete (None: all).
        """
        ended = await self.lab.all_ended(self.offers.prefix, limit_s)
        self.expect(ended, f"{await self.lab.open_runs(self.offers.prefix)} runs are open after {limit_s:g} s")
        self.findings = found = await examine(self.lab, self.offers, self.followers)
        for follower in self.followers:
            self.problems += follower.problems()
        self.problems += found.problems()
        self.expect(found.extra <= extra, f"{found.extra} extra calls, but at most {extra} are allowed")
        wanted = found.runs if completed is None else completed
        self.expect(found.completed == wanted, f"{found.completed} of {found.runs} runs completed instead of {wanted}")
        if self.offers.put_off():
            self.figures["POSTs rejected with 503"] = self.offers.put_off()
        return found


@asynccontextmanager
async def trial(
    lab: Lab,
    experiment: str,
    seed: int,
    wire: SimulatedVendor = OPENAI,
    report: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Trial]:
    """Set up a trial whose tasks are answered on `wire`, and measure its duration."""
    made = Trial(lab, Offers.of(lab, experiment, seed, wire), seed, Random(f"{experiment}/{seed}"), report=report)
    began = time.monotonic()
    try:
        yield made
    finally:
        made.took_s = time.monotonic() - began


async def passes(
    lab: Lab, name: str, experiment: Callable[[Trial], Awaitable[None]], wire: SimulatedVendor = OPENAI
) -> None:
    """Run an experiment as a test."""
    async with trial(lab, name, 1, wire) as made:
        await experiment(made)
    assert made.problems == [], made.problems
