"""Many runs that wait for a person: what they cost meanwhile, and whether all of them continue.

    python -m benchmarks waiting [--runs 1000] [--seconds 60] [--concurrent 50]

First, the processor time of the idle stack is measured, then that of the same stack while all runs wait. The output
shows both as percentages of a core, by part, and the activities in flight during the wait according to Temporal, which
would each take a worker's slot. Then all questions are answered; the output shows how many runs completed, and when.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text

from benchmarks.processor import PARTS, processor_ms
from chimera.db.engine import Database
from models.ids import TaskId, workflow_id_of
from tests.stack import Stack, running_stack

AGENT = {"name": "asker", "prompt": "Ask.", "tools": ["ask_person"]}
INSTRUCTION = 'Ask. [[sim: ask="Which color?"; tokens=5]]'
SAMPLES_AT_ONCE = 20
PAUSE_S = 0.5
SETTLE_S = 10.0


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--runs", type=int, default=1000)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--concurrent", type=int, default=50)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        changes = {"max_open_tasks": 0, "max_running_tasks": asked.runs + 10}
        async with running_stack(Path(folder), report=lambda line: None, **changes) as stack:
            database = Database(stack.settings)
            try:
                await measure(stack, database, asked.runs, asked.seconds, asked.concurrent)
            finally:
                await database.close()


async def measure(stack: Stack, database: Database, runs: int, seconds: float, concurrent: int) -> None:
    """Print the results that the module's docstring describes."""
    (await stack.api.post("/api/v1/agents", json=AGENT)).raise_for_status()
    idle = await _shares(seconds)
    began = time.perf_counter()
    task_ids = await _at_once(concurrent, [_post(stack.api) for _ in range(runs)])
    await _until(database, "status = 'waiting' AND approvals_pending = 1", runs)
    print(f"{runs} runs wait for a person after {time.perf_counter() - began:.1f} s", flush=True)
    await asyncio.sleep(SETTLE_S)
    waiting = await _shares(seconds)
    in_flight = sum(await _at_once(SAMPLES_AT_ONCE, [_activities_of(stack, each) for each in task_ids]))
    print(f"activities in flight while they wait: {in_flight}")
    for part in (*PARTS, "others"):
        if idle[part] or waiting[part]:
            print(f"{part:10} {idle[part] / 10:5.1f} % of a core without runs, {waiting[part] / 10:5.1f} % with {runs}")
    async with database.begin() as session:
        query = text("SELECT id::text AS id, run_id::text AS task_id FROM approvals WHERE status = 'pending'")
        pending = (await session.execute(query)).all()
    began = time.perf_counter()
    statuses = Counter(await _at_once(concurrent, [_answer(stack.api, row) for row in pending]))
    answered = time.perf_counter() - began
    await _until(database, "ended_at IS NOT NULL", runs)
    print(f"{len(pending)} answers: {answered:.1f} s, {dict(statuses)}")
    print(f"all ended {time.perf_counter() - began:.1f} s after the first answer")
    async with database.begin() as session:
        ends = await session.execute(text("SELECT status, count(*) AS number FROM runs GROUP BY status"))
        print("runs by status:", {row.status: row.number for row in ends}, flush=True)


async def _shares(seconds: float) -> Counter[str]:
    """Return the processor time of each part during this time, in thousandths of a core."""
    before, began = processor_ms(), time.perf_counter()
    await asyncio.sleep(seconds)
    used, took = processor_ms(), time.perf_counter() - began
    return Counter({part: round((used[part] - before[part]) / took) for part in used})


async def _at_once(most: int, work: list[Any]) -> list[Any]:
    """Await all, at most `most` at a time; return the results in their order."""
    room = asyncio.Semaphore(most)

    async def one(each: Any) -> Any:
        async with room:
            return await each

    return await asyncio.gather(*(one(each) for each in work))


async def _post(api: httpx2.AsyncClient) -> TaskId:
    plan = [{"key": "only", "instruction": INSTRUCTION, "agent": AGENT["name"]}]
    body = {"goal": "Ask.", "model": "simulator/fast", "plan": plan, "subtasks": "inline"}
    response = (await api.post("/api/v1/tasks", json=body)).raise_for_status()
    return TaskId(response.json()["id"])


async def _answer(api: httpx2.AsyncClient, question: Any) -> int:
    address = f"/api/v1/tasks/{question.task_id}/answers/{question.id}"
    return (await api.post(address, json={"answer": "green"})).status_code


async def _activities_of(stack: Stack, task_id: TaskId) -> int:
    described = await stack.temporal.get_workflow_handle(workflow_id_of(task_id)).describe()
    return len(described.raw_description.pending_activities)


async def _until(database: Database, condition: str, count: int) -> None:
    """Wait until `count` runs satisfy a condition, and show the progress."""
    query = text(f"SELECT count(*) FROM runs WHERE {condition}")  # only constants go in
    shown = time.perf_counter()
    while True:
        async with database.begin() as session:
            number = (await session.execute(query)).scalar_one()
        if number >= count:
            return
        if time.perf_counter() - shown > 20:
            shown = time.perf_counter()
            print(f"        {number} of {count}", flush=True)
        await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
