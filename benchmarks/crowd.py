"""Many simultaneous tasks, with another user's task among them: first with child workflows, then inline.

    python -m benchmarks crowd [--tasks 1000] [--modes child inline] [--concurrent 50]

Each task consists of 6 calls of the simulator without delays: a plan, two subtasks with two sequential calls each, and
an aggregation. One user posts all tasks; when a quarter of them have ended, another user posts one. Each mode has its
own stack and folder. The output shows how long the POSTs took, the seconds until all tasks had ended, the time from the
other user's POST to the first model call and to the end of that task, and the processor time per task by part of the
stack.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import httpx2
from sqlalchemy import insert, text

from benchmarks.processor import PARTS, processor_ms
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.security.sessions import Auth
from models.tasks import SubtaskMode
from tests.stack import Stack, running_stack

GOAL = (
    'Say two things about tides [[sim plan: split=2; agent=analyst; sub="turns=1,tokens=30"]]'
    " [[sim aggregate: tokens=30]]"
)
CALLS = 6
MOST_SECONDS = {SubtaskMode.CHILD: 300, SubtaskMode.INLINE: 150}
MOST_POST_MS = 1000
MOST_OTHER_SECONDS = 10.0
PAUSE_SECONDS = 0.5


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--tasks", type=int, default=1000)
    options.add_argument("--concurrent", type=int, default=50)
    options.add_argument("--modes", nargs="+", type=SubtaskMode, default=list(SubtaskMode))
    asked = options.parse_args()
    for mode in asked.modes:
        with tempfile.TemporaryDirectory() as folder:
            async with running_stack(Path(folder), max_open_tasks=0) as stack:
                await measure(stack, mode, asked.tasks, asked.concurrent)


async def measure(stack: Stack, mode: SubtaskMode, tasks: int, concurrent: int) -> None:
    """Print the results that the module's docstring describes, for one mode."""
    database = Database(stack.settings)
    try:
        async with _other_user(stack, database) as other:
            await _post_all(stack.api, mode, 10, concurrent)
            await _ended(database, 10)
            before, began = processor_ms(), time.perf_counter()
            posts = await _post_all(stack.api, mode, tasks, concurrent)
            posted = time.perf_counter() - began
            await _ended(database, 10 + tasks // 4)
            task_id = await _post(other, mode)
            statuses = await _ended(database, 10 + tasks + 1)
            took, used = time.perf_counter() - began, processor_ms() - before
            first, end = await _times_of(database, task_id)
    finally:
        await database.close()
    p50, p99 = statistics.median(posts) * 1000, statistics.quantiles(posts, n=100)[98] * 1000
    parts = ", ".join(f"{part} {used[part] / (tasks + 1):.0f}" for part in (*PARTS, "others") if used[part])
    for line in (
        f"{tasks} tasks of {CALLS} calls: {took:.1f} s (bar {MOST_SECONDS[mode]}), {dict(statuses)}",
        f"{tasks} POSTs, {concurrent} at once: {posted:.1f} s, p50 {p50:.0f} ms, p99 {p99:.0f} ms (bar {MOST_POST_MS})",
        f"the other user's task: first call after {first:.1f} s, end after {end:.1f} s (bar {MOST_OTHER_SECONDS:.0f})",
        f"processor ms per task: {sum(used.values()) / (tasks + 1):.0f} ({parts})",
    ):
        print(f"{mode:7} {line}", flush=True)


@asynccontextmanager
async def _other_user(stack: Stack, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client that is signed in as another user."""
    email = f"{uuid4().hex}@example.com"
    async with database.begin() as session:
        await session.execute(insert(User).values(email=email, password_hash="-"))
    tokens = await Auth(database, stack.settings).vouch_for(email)
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    async with httpx2.AsyncClient(base_url=stack.api.base_url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


async def _post_all(api: httpx2.AsyncClient, mode: SubtaskMode, tasks: int, concurrent: int) -> list[float]:
    """Post all tasks and return how many seconds each POST took."""
    slots = asyncio.Semaphore(concurrent)

    async def post() -> float:
        async with slots:
            began = time.perf_counter()
            await _post(api, mode)
            return time.perf_counter() - began

    return await asyncio.gather(*(post() for _ in range(tasks)))


async def _post(api: httpx2.AsyncClient, mode: SubtaskMode) -> str:
    body = {"goal": GOAL, "model": "simulator/fast", "subtasks": mode}
    response = await api.post("/api/v1/tasks", json=body)
    response.raise_for_status()
    return str(response.json()["id"])


async def _ended(database: Database, count: int) -> Counter[str]:
    """Wait until `count` tasks have ended; return the number of tasks by final status."""
    query = text("SELECT status, count(*) AS number FROM runs WHERE ended_at IS NOT NULL GROUP BY status")
    shown = time.perf_counter()
    while True:
        async with database.begin() as session:
            statuses = Counter({str(row.status): int(row.number) for row in await session.execute(query)})
        if statuses.total() >= count:
            return statuses
        if time.perf_counter() - shown > 20:
            shown = time.perf_counter()
            print(f"        {statuses.total()} of {count} have ended", flush=True)
        await asyncio.sleep(PAUSE_SECONDS)


async def _times_of(database: Database, task_id: str) -> tuple[float, float]:
    """Return the seconds from a task's POST to its first model call, and to its end."""
    query = text(
        "SELECT created_at, (SELECT min(started_at) FROM call_attempts WHERE run_id = id), ended_at FROM runs"
        " WHERE id = :id"
    )
    async with database.begin() as session:
        created, first, end = (await session.execute(query, {"id": task_id})).one()
    assert all(isinstance(at, datetime) for at in (created, first, end))
    return (first - created).total_seconds(), (end - created).total_seconds()


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
