"""Time from an event's commit to its frame, with many sockets on a few busy tasks.

    python -m benchmarks fanout [--sockets 500] [--tasks 20] [--processes 2]

The tasks are created as drafts, and the sockets subscribe to them, evenly distributed. Then all tasks start at once.
Each is the job of `benchmarks/floor.py`, with answers that take 200 ms. The output shows the milliseconds from an
event's `at` (the statement that wrote it) to the arrival of its frame at a client, the gaps and duplicates that the
sockets received, and the memory and processor time of the API's process. The clients are `tests/listeners.py` in
separate processes.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import psutil

from benchmarks.processor import api_process
from tests.stack import Stack, running_stack

GOAL = (
    'Say three things about tides [[sim plan: split=3; agent=analyst; sub="turns=1,tokens=30,drip=150"; delay=0.2]]'
    " [[sim aggregate: tokens=30; drip=150]]"
)
MODEL = "simulator/fast"
REST_SECONDS = 10
BARS_MS = {500: 300.0, 2000: 500.0}
LINE_BYTES = 256 * 1024 * 1024


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--sockets", type=int, default=500)
    options.add_argument("--tasks", type=int, default=20)
    options.add_argument("--processes", type=int, default=2, help="number of client processes")
    asked = options.parse_args()
    # All sockets belong to one user at one address, and an address may have only half of all connections.
    limits = {"max_sockets": 0, "max_open_tasks": 0, "max_connections": 3 * asked.sockets + 100}
    with tempfile.TemporaryDirectory() as folder:
        async with running_stack(Path(folder), **limits) as stack:
            await measure(stack, asked.sockets, asked.tasks, asked.processes)


async def measure(stack: Stack, sockets: int, tasks: int, processes: int) -> None:
    """Print the results that the module's docstring describes."""
    await _run(stack, [await _draft(stack)])
    ids = [await _draft(stack) for _ in range(tasks)]
    api, before = api_process(), _memory(api_process())
    began = time.perf_counter()
    clients = await _listening(stack, [ids[number % tasks] for number in range(sockets)], processes)
    print(f"connected  {sockets} sockets on {tasks} tasks in {time.perf_counter() - began:.1f} s", flush=True)
    rest = _memory(api)
    used = _used_s(api)
    await asyncio.sleep(REST_SECONDS)
    at_rest = (_used_s(api) - used) / REST_SECONDS
    began, used = time.perf_counter(), _used_s(api)
    await _start(stack, ids)
    reports = await asyncio.gather(*map(_report_of, clients))
    took, busy = time.perf_counter() - began, _used_s(api) - used
    _print(reports, sockets)
    print(f"tasks      ended after {took:.1f} s; API processor time {busy:.1f} s; idle load {at_rest:.1%} of one core")
    each = [(kib - before) / sockets for kib in (rest, _memory(api))]
    print(f"memory     {each[0]:.0f} KiB per socket when idle, {each[1]:.0f} KiB after the tasks")


async def _draft(stack: Stack) -> str:
    answer = await stack.api.post("/api/v1/tasks", json={"goal": GOAL, "model": MODEL, "start": False})
    answer.raise_for_status()
    task_id: str = answer.json()["id"]
    return task_id


async def _start(stack: Stack, ids: list[str]) -> None:
    answers = await asyncio.gather(*(stack.api.post(f"/api/v1/tasks/{task_id}/execute") for task_id in ids))
    for answer in answers:
        answer.raise_for_status()


async def _run(stack: Stack, ids: list[str]) -> None:
    """Run the tasks to warm up the stack: its first task is slower than later ones."""
    [client] = await _listening(stack, ids, 1)
    await _start(stack, ids)
    await _report_of(client)


async def _listening(stack: Stack, topics: list[str], processes: int) -> list[Process]:
    """Start processes with a client for each topic, and wait until all clients are connected."""
    clients = [await _client(stack, topics[number::processes]) for number in range(processes)]
    for client in clients:
        assert client.stdout is not None
        if await client.stdout.readline() != b"connected\n":
            raise RuntimeError("the clients couldn't connect")
    return clients


async def _client(stack: Stack, topics: list[str]) -> Process:
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.listeners", stdin=PIPE, stdout=PIPE, limit=LINE_BYTES
    )
    assert client.stdin is not None
    token = stack.api.headers["Authorization"].removeprefix("Bearer ")
    asked = {"url": f"http://127.0.0.1:{stack.settings.api_port}", "token": token, "tasks": topics}
    client.stdin.write(json.dumps(asked).encode() + b"\n")
    await client.stdin.drain()
    return client


async def _report_of(client: Process) -> dict[str, Any]:
    assert client.stdout is not None
    reports: dict[str, Any] = json.loads(await client.stdout.readline())
    await client.wait()
    return reports


def _print(reports: list[dict[str, Any]], sockets: int) -> None:
    total = {name: sum(each[name] for each in reports) for name in ("gaps", "doubles", "tokens", "whole")}
    late = [each for one in reports for each in one["late_ms"]]
    centiles = statistics.quantiles(late, n=100)
    bar = f"  (bar: p99 below {BARS_MS[sockets]:g} ms)" if sockets in BARS_MS else ""
    print(
        f"frames     {len(late)} events, {total['tokens']} text chunks; {total['whole']} of {sockets} sockets complete,"
        f" {total['gaps']} gaps, {total['doubles']} duplicates"
    )
    p50, p90, p99 = (centiles[number - 1] for number in (50, 90, 99))
    print(f"late       p50 {p50:.0f}  p90 {p90:.0f}  p99 {p99:.0f}  max {max(late):.0f} ms{bar}")


def _memory(process: psutil.Process) -> float:
    """Return the memory that the process doesn't share with others, in KiB."""
    return float(process.memory_full_info().uss) / 1024


def _used_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
