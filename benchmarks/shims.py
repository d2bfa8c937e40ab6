"""How much processor time each departure from the SDK's and Python's defaults saves, measured alone.

    python -m benchmarks shims [--rounds 12] [--job-ms 250]

The histories of a planned job are replayed in this process, in alternating rounds: with all departures, and without one
of them at a time. The output shows the median processor time per job in milliseconds, and the savings as a share of
`--job-ms`, the processor time of a job in all parts of the stack (see `floor`).
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from chimera.temporal.payloads import DATA_CONVERTER
from worker.build import WORKFLOWS
from worker.collector import calm_collector
from worker.sandbox import sandbox
from worker.workflow_code import Kept

HISTORIES = Path(__file__).parents[1] / "tests" / "workflows" / "histories" / "planned.json"
JOBS = 10
"""The number of jobs replayed in each round."""

Round = Callable[[], Awaitable[float]]
"""Replays `JOBS` jobs and returns their processor time in milliseconds."""


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--job-ms", type=float, default=250.0)
    asked = options.parse_args()
    print(
        "| left out | all, ms per job | without, ms per job | saved, ms per job | share of a job"
        " |\n|---|---:|---:|---:|---:|"
    )
    for name, without in REPLAYS.items():
        _show(name, *await _alternate(asked.rounds, _replays(without)), job_ms=asked.job_ms)


def _show(name: str, ours: float, without: float, *, job_ms: float) -> None:
    saved = without - ours
    print(f"| {name} | {ours:.1f} | {without:.1f} | {saved:.1f} | {saved / job_ms:.1%} |", flush=True)


async def _alternate(rounds: int, pair: tuple[Round, Round]) -> tuple[float, float]:
    """Return the median milliseconds per job with everything, and with one departure left out."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for way, times in zip(pair, taken, strict=True):
            time_ms = await way()
            if number:  # The first round isn't counted, because it loads modules that later rounds reuse.
                times.append(time_ms / JOBS)
    return median(taken[0]), median(taken[1])


@contextmanager
def _as_the_worker() -> Iterator[SandboxedWorkflowRunner]:
    calm_collector()
    yield sandbox()


@contextmanager
def _default_collector() -> Iterator[SandboxedWorkflowRunner]:
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    yield sandbox()


@contextmanager
def _with_context() -> Iterator[SandboxedWorkflowRunner]:
    calm_collector()
    yield SandboxedWorkflowRunner(restrictions=sandbox().restrictions)


@contextmanager
def _from_files() -> Iterator[SandboxedWorkflowRunner]:
    calm_collector()
    runner = sandbox()
    finders = sys.meta_path
    sys.meta_path = [finder for finder in finders if not isinstance(finder, Kept)]
    try:
        yield runner
    finally:
        sys.meta_path = finders


Setting = Callable[[], AbstractContextManager[SandboxedWorkflowRunner]]
REPLAYS = {
    "no serialization context": _with_context,
    "workflow modules kept in memory": _from_files,
    "calm garbage collector": _default_collector,
}


def _replays(without: Setting) -> tuple[Round, Round]:
    histories = [
        WorkflowHistory.from_json(entry["id"], entry["history"]) for entry in json.loads(HISTORIES.read_text())
    ]
    return partial(_replay, histories, _as_the_worker), partial(_replay, histories, without)


async def _replay(histories: Sequence[WorkflowHistory], setting: Setting) -> float:
    with setting() as runner:
        replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=runner)
        began = time.process_time()
        await replayer.replay_workflows(_repeated(histories))
        return (time.process_time() - began) * 1000


async def _repeated(histories: Sequence[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for _ in range(JOBS):
        for history in histories:
            yield history


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
