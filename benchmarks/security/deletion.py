"""B8: data that remains of a deleted task."""

import asyncio
from uuid import uuid4

from benchmarks.security import stores
from benchmarks.security.accounts import signed_in, until_status
from benchmarks.security.finding import API, Finding, Seen
from models.ids import workflow_id_of
from tests.stack import Stack

TASKS = 5
LIMIT_S = 120.0
"""Temporal deletes a run only once it has stored everything that came before, about every half minute."""


async def deleted_tasks(stack: Stack) -> Seen:
    seen, canaries = Seen(), [f"CANARY{uuid4().hex}" for _ in range(TASKS)]
    async with signed_in(stack) as client:
        ids = []
        for canary in canaries:
            plan = [{"key": key, "title": canary, "instruction": f"{canary} [[sim: tokens=20]]"} for key in ("a", "b")]
            body = {"goal": f"Say {canary}", "title": canary, "model": "simulator/fast", "plan": plan}
            ids.append((await client.post(f"{API}/tasks", json=body)).json()["id"])
        for task_id in ids:
            seen.expect(await until_status(client, task_id) == "completed", "a task didn't complete")
        queries = [f"WorkflowId STARTS_WITH '{workflow_id_of(task_id)}'" for task_id in ids]
        seen.figures["stores that contained the tasks' texts before"] = await _kept(stack, canaries)
        seen.expect(all([await stores.runs(stack, query) for query in queries]), "a task had no run before")
        for task_id in ids:
            seen.expect((await client.delete(f"{API}/tasks/{task_id}")).status_code == 204, "not deleted")
    deadline = asyncio.get_running_loop().time() + LIMIT_S
    while left := sum([len(await stores.runs(stack, query)) for query in queries]):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(1)
    seen.expect(left == 0, f"{left} runs are still in Temporal after {LIMIT_S:g} s")
    for name, content in (("PostgreSQL", await stores.postgres(stack)), ("Redis", await stores.redis(stack))):
        hits = sum(content.count(canary.encode()) for canary in canaries)
        seen.expect(hits == 0, f"{hits} times in {name}")
    on_disk = await stores.temporal_files(stack)
    seen.figures["times in temporal.db's free pages"] = sum(on_disk.count(canary.encode()) for canary in canaries)
    return seen


async def _kept(stack: Stack, canaries: list[str]) -> int:
    """Return how many stores contain the tasks' texts. If none did, finding none later would prove nothing."""
    contents = (await stores.postgres(stack), await stores.redis(stack), await stores.temporal_files(stack))
    return sum(any(canary.encode() in content for canary in canaries) for content in contents)


FINDINGS = (Finding("B8", "a deleted task leaves nothing in PostgreSQL, Redis or Temporal's lists", deleted_tasks),)
