"""B25: a cancel at the same moment as another control."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from benchmarks.security.accounts import open_database
from benchmarks.security.finding import Finding, Seen
from tests.faults.experiments.controls import pair_controls
from tests.faults.lab import Lab
from tests.faults.trials import Trial, trial
from tests.stack import Stack

PAIRS = 100


def pairs_of(*kinds: str) -> Callable[[Stack], Awaitable[Seen]]:
    async def attack(stack: Stack) -> Seen:
        seen = Seen()
        for kind in kinds:
            async with _trial(stack, f"pairs-{kind}") as made:
                await pair_controls(made, kind=kind, pairs=PAIRS)
            seen.trials += PAIRS
            seen.problems += made.problems
            seen.figures |= {kind: made.figures[kind]}
        return seen

    return attack


@asynccontextmanager
async def _trial(stack: Stack, name: str) -> AsyncIterator[Trial]:
    async with open_database(stack) as database, trial(Lab(stack, database, stack.api), name, seed=1) as made:
        yield made


FINDINGS = (
    Finding(
        "B25",
        "a cancel sent together with a budget change, pause or resume ends its task",
        pairs_of("budget", "pause", "resume"),
    ),
)
