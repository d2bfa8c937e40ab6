"""`GET /api/v1/tasks/{id}` compared with a bare FastAPI app that reads the same row in the same PostgreSQL.

    python -m benchmarks reading [--rounds 6] [--requests 3000] [--connections 16]

"bare" is `benchmarks/bare_reading.py`, which has no sign-in, permissions or logs. Each side is one uvicorn process and
gets its requests over the same number of connections; the task has ended before. The two sides take turns, and
alternate in which of them comes first. The output shows the requests per second in each round, the duration and
processor time of a request, and the ratio of the medians.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil

from benchmarks.floor import run_task
from benchmarks.processor import api_process
from tests.ports import free_port
from tests.stack import Stack, running_stack

MIN_RATIO = 0.5


@dataclass
class Side:
    """One of the two apps: its address, its process, and the measurements."""

    url: str
    token: str
    process: psutil.Process
    rates: list[float] = field(default_factory=list)
    taken_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)

    def used_ms(self) -> float:
        """Return the process's processor time so far, in milliseconds."""
        times = self.process.cpu_times()
        return (times.user + times.system) * 1000


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--requests", type=int, default=3000)
    options.add_argument("--connections", type=int, default=16)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with running_stack(Path(folder)) as stack:
            task_id = await run_task(stack.temporal, stack.api, uuid4().hex)
            async with _bare(stack) as (url, process):
                sides = {
                    "bare": Side(f"{url}/rows/{task_id}", "", process),
                    "chimera": Side(
                        f"http://127.0.0.1:{stack.settings.api_port}/api/v1/tasks/{task_id}",
                        stack.api.headers["Authorization"],
                        api_process(),
                    ),
                }
                await measure(sides, asked.rounds, asked.requests, asked.connections)


async def measure(sides: dict[str, Side], rounds: int, requests: int, connections: int) -> None:
    """Print the results that the module's docstring describes."""
    for number in range(rounds + 1):
        for name, side in list(sides.items())[:: 1 if number % 2 else -1]:
            before = side.used_ms()
            rate, taken = await _round(side, requests, connections)
            if number == 0:
                print(f"warmed up: {name}", flush=True)
                continue
            side.rates.append(rate)
            side.taken_ms += taken
            side.processor_ms.append((side.used_ms() - before) / requests)
            print(f"round {number}  {name:8} {rate:7.0f} requests/s", flush=True)
    for name, side in sides.items():
        centiles = statistics.quantiles(side.taken_ms, n=100)
        print(
            f"median   {name:8} {statistics.median(side.rates):7.0f} requests/s  p50 {centiles[49]:.1f} ms"
            f"  p99 {centiles[98]:.1f} ms  processor {statistics.median(side.processor_ms):.2f} ms per request"
        )
    ratio = statistics.median(sides["chimera"].rates) / statistics.median(sides["bare"].rates)
    print(f"ratio    {ratio:.2f}  (bar: at least {MIN_RATIO})")


async def _round(side: Side, requests: int, connections: int) -> tuple[float, list[float]]:
    """Send requests over several connections at once; return the requests per second and the milliseconds of each."""
    began = time.perf_counter()
    taken = await asyncio.gather(*(_ask(side, requests // connections) for _ in range(connections)))
    every = [each for one in taken for each in one]
    return len(every) / (time.perf_counter() - began), every


async def _ask(side: Side, count: int) -> list[float]:
    # Without an HTTP client, because it would use more processor time than the servers.
    where = urlsplit(side.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    lines = [f"GET {where.path} HTTP/1.1", f"Host: {where.netloc}", f"Authorization: {side.token}", "", ""]
    request, taken = "\r\n".join(lines).encode(), []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode(errors="replace"))
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        taken.append((time.perf_counter() - began) * 1000)
    writer.close()
    return taken


@asynccontextmanager
async def _bare(stack: Stack) -> AsyncIterator[tuple[str, psutil.Process]]:
    port = free_port()
    process = _start_bare(stack, port)
    try:
        await _listening(port)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _start_bare(stack: Stack, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.bare_reading", str(port)]
    return subprocess.Popen(command, env={**os.environ, **stack.environment}, stdout=subprocess.DEVNULL)


async def _listening(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise TimeoutError("the bare app isn't listening")


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
