"""Chimera, with child workflows and inline, compared with bare Temporal: same job, same server, alternating rounds.

    python -m benchmarks.floor [--jobs 100] [--rounds 4] [--concurrent 50]

The job consists of 8 calls of the simulator without delays, over HTTP: a plan, three subtasks with two sequential model
calls each, and an aggregation. "bare" is `benchmarks/bare.py`. "chimera" is a POST to Chimera's API and everything
behind it, including a calculator call in each subtask. Rounds get slower in the course of a run, so each round starts
with the one that was last in the round before, and an even number of rounds is fair to all. The output shows the jobs
per second in each round, the ratio of the medians, each part's processor time per job, and the history events and bytes
of one job, including the histories of child workflows.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx2
from temporalio.client import Client

from benchmarks.bare import BareTask
from benchmarks.processor import PARTS, processor_ms
from models.ids import TaskId, workflow_id_of
from models.tasks import SubtaskMode
from tests.history import history_of
from tests.stack import Stack, running_stack

GOAL = (
    'Say three things about tides [[sim plan: split=3; agent=analyst; sub="turns=1,tokens=30"]]'
    " [[sim aggregate: tokens=30]]"
)
MODEL = "simulator/fast"
BARE_QUEUE = "bare"


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--jobs", type=int, default=100)
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--concurrent", type=int, default=50)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with running_stack(Path(folder)) as stack:
            bare_worker = _start_bare_worker(stack)
            try:
                await measure(stack, asked.jobs, asked.rounds, asked.concurrent)
            finally:
                bare_worker.terminate()
                bare_worker.wait()


async def measure(stack: Stack, jobs: int, rounds: int, concurrent: int) -> None:
    """Print the results that the module's docstring describes."""

    async def bare(job: str) -> None:
        await stack.temporal.execute_workflow(BareTask.run, job, id=f"bare-{job}", task_queue=BARE_QUEUE)

    async def chimera(job: str) -> None:
        await run_task(stack.temporal, stack.api, job)

    async def inline(job: str) -> None:
        await run_task(stack.temporal, stack.api, job, subtasks=SubtaskMode.INLINE)

    ways = (("bare", bare), ("chimera", chimera), ("inline", inline))
    for name, work in ways:
        await rate_of(work, jobs // 4, concurrent)
        print(f"warmed up: {name}", flush=True)
    await _print_histories(stack)
    rates: dict[str, list[float]] = {name: [] for name, _ in ways}
    used: dict[str, Counter[str]] = {name: Counter() for name, _ in ways}
    for number in range(1, rounds + 1):
        for name, work in ways if number % 2 else ways[::-1]:
            before = processor_ms()
            rates[name].append(await rate_of(work, jobs, concurrent))
            used[name] += processor_ms() - before
            print(f"round {number}  {name:8} {rates[name][-1]:6.2f} jobs/s", flush=True)
    for name, spent in used.items():
        by_part = ", ".join(f"{part} {spent[part] / jobs / rounds:.0f}" for part in (*PARTS, "benchmark", "others"))
        print(f"processor {name:8} {spent.total() / jobs / rounds:.0f} ms per job: {by_part}")
    medians = {name: statistics.median(values) for name, values in rates.items()}
    written = ", ".join(f"{name} {median:.2f}" for name, median in medians.items())
    print(f"median    {written} jobs/s with {concurrent} parallel jobs")
    print(f"ratio     {medians['chimera'] / medians['bare']:.2f} to bare  (bar: at least 0.80)")
    print(f"ratio     {medians['inline'] / medians['chimera']:.2f} inline to child  (bar: at least 2.0)")


async def run_task(
    temporal: Client,
    api: httpx2.AsyncClient,
    key: str,
    goal: str = GOAL,
    subtasks: SubtaskMode = SubtaskMode.CHILD,
) -> TaskId:
    """Create a task through the API, and wait until its run has ended."""
    body = {"goal": goal, "model": MODEL, "subtasks": subtasks}
    response = await api.post("/api/v1/tasks", json=body, headers={"Idempotency-Key": key})
    response.raise_for_status()
    task_id = TaskId(response.json()["id"])
    handle = temporal.get_workflow_handle(workflow_id_of(task_id))
    await _result(handle.result)
    return task_id


async def _result(result: Callable[[], Awaitable[object]]) -> None:
    """Wait for the result of a run that may not have started yet: the API responds to a POST once it is committed."""
    for _ in range(400):
        # With 50 jobs at once, polling more often would be a significant share of Temporal's requests.
        await asyncio.sleep(0.25)
        try:
            await result()
            return
        except Exception as error:
            if "not found" not in str(error):
                raise
    raise TimeoutError("the run didn't start")


async def rate_of(work: Callable[[str], Awaitable[None]], jobs: int, concurrent: int) -> float:
    """Do a number of jobs, some in parallel, and return the jobs per second."""
    slots = asyncio.Semaphore(concurrent)

    async def one() -> None:
        async with slots:
            await work(uuid4().hex)

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(jobs)))
    return jobs / (time.perf_counter() - started)


async def _print_histories(stack: Stack) -> None:
    job = uuid4().hex
    await stack.temporal.execute_workflow(BareTask.run, job, id=f"bare-{job}", task_queue=BARE_QUEUE)
    task_id = await run_task(stack.temporal, stack.api, uuid4().hex)
    inline_id = await run_task(stack.temporal, stack.api, uuid4().hex, subtasks=SubtaskMode.INLINE)
    ids = {"bare": f"bare-{job}", "chimera": workflow_id_of(task_id), "inline": workflow_id_of(inline_id)}
    for name, prefix in ids.items():
        history = await history_of(stack.temporal, prefix)
        print(
            f"history   {name:8} {history.events} events, {history.size_bytes} bytes in {history.runs} runs", flush=True
        )


def _start_bare_worker(stack: Stack) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_worker"],
        env={**os.environ, **stack.environment},
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
