"""B28: one user's failed calls, and other users of the same provider."""

import asyncio

from benchmarks.security.accounts import new_task, rows, signed_in, status_of, until_status
from benchmarks.security.finding import API, Finding, Seen
from tests.faults.lab import until
from tests.stack import Stack

FAILING = 6
OTHERS = 10
ENOUGH = 10
"""The number of failed attempts to wait for: twice as many as open a circuit breaker."""


async def failures_of_one_user(stack: Stack) -> Seen:
    """Alice's calls fail as if the provider were down, and are retried; Bob uses the same provider meanwhile."""
    seen = Seen()
    async with signed_in(stack) as alice, signed_in(stack) as bob:
        failing = [await new_task(alice, "status=503") for _ in range(FAILING)]

        async def has_failed() -> bool:
            found = await rows(
                stack,
                "SELECT count(*) AS n FROM call_attempts WHERE run_id = ANY(CAST(:ids AS uuid[]))"
                " AND status <> 'started'",
                ids=failing,
            )
            return int(found[0]["n"]) >= ENOUGH

        seen.expect(await until(has_failed, 90), f"fewer than {ENOUGH} attempts failed")
        for _ in range(OTHERS):
            task_id = await new_task(bob, "tokens=5")
            status = await until_status(bob, task_id)
            seen.expect(status == "completed", f"Bob's task is {status}")
            events = await rows(
                stack, "SELECT payload ->> 'type' AS type FROM events WHERE run_id = :id ORDER BY seq", id=task_id
            )
            kept_back = [row["type"] for row in events if row["type"] in ("model_call.waiting", "model_call.failed")]
            seen.expect(not kept_back, f"Bob's task was blocked: {kept_back}")
        still = [await status_of(alice, task_id) for task_id in failing]
        seen.figures["Alice's tasks still retrying"] = sum(status == "running" for status in still)
        seen.expect("running" in still, "Alice's tasks had already ended")
        await asyncio.gather(*(alice.post(f"{API}/tasks/{task_id}/cancel") for task_id in failing))
    return seen


FINDINGS = (Finding("B28", "one user's failed calls don't block other users from the provider", failures_of_one_user),)
