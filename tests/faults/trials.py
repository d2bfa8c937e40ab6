"""An experiment of benchmarks/faults as a test."""

from collections.abc import Awaitable, Callable

from benchmarks.faults.lab import Lab
from benchmarks.faults.report import Trial, trial
from benchmarks.wires.wire import OPENAI, Wire

Experiment = Callable[[Trial], Awaitable[None]]


async def passes(lab: Lab, name: str, experiment: Experiment, wire: Wire = OPENAI) -> None:
    async with trial(lab, name, 1, wire) as made:
        await experiment(made)
    assert made.problems == [], made.problems
