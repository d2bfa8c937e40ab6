"""B6, B10: tasks for other users through Temporal's open port, and schedules that are due more often than allowed."""

import contextlib
from typing import Any
from uuid import uuid4

import httpx2
from pydantic_core import to_json
from temporalio.client import WorkflowFailureError

from benchmarks.security.accounts import rows, signed_in, user_id
from benchmarks.security.finding import API, Finding, Seen
from models.ids import ScheduleId, UserId
from models.schedules import ScheduledRunInput
from tests.stack import Stack

TOO_OFTEN = (
    *("* * * * * *", "* * * * * * *", "*/1 * * * * *", "0/1 * * * * ? *", "*/10 * * * * * 2030"),
    *("@every 1s", "@every 10s", "@EVERY 1s", "@every 1h", "@secondly", "@reboot"),
    *("CRON_TZ=UTC * * * * *", "TZ=UTC * * * * *", "cron_tz=UTC @every 1s", "CRON_TZ=UTC @every 1s"),
    *("* * * * * # every minute", "* * * *", "", " ", "*\n* * * *", "* * * * *\n* * * * *", "H * * * *", "? * * * *"),
)
SECONDS = (0, 1, 9, 9.99, -10, "1", True, None, 1e99)
TASK = {"goal": "A trial", "model": "simulator/fast"}


async def runs_for_others(stack: Stack) -> Seen:
    """Start a schedule's run in another user's name, as a client of Temporal.

    The schedule's owner must own the task, or no task may be created.
    """
    seen = Seen()
    async with signed_in(stack) as alice, signed_in(stack) as bob:
        names = {"bob": await user_id(bob), "nobody": str(uuid4())}
        owner = await user_id(alice)
        kept, gone, disabled = [await _schedule(alice) for _ in range(2)] + [await _schedule(bob)]
        (await alice.delete(f"{API}/schedules/{gone}")).raise_for_status()
        for who, name in names.items():
            await _run(stack, kept, name)
            found = await rows(stack, "SELECT owner_id::text FROM runs WHERE schedule_id = :id", id=kept)
            others = {row["owner_id"] for row in found} - {owner}
            seen.expect(bool(found) and not others, f"in {who}'s name: tasks of {others or 'no user'}")
        await rows(stack, "UPDATE users SET disabled_at = now() WHERE id = :id", id=names["bob"])
        for what, schedule in (("a deleted schedule", gone), ("a disabled owner", disabled)):
            await _run(stack, schedule, owner)
            found = await rows(stack, "SELECT id FROM runs WHERE schedule_id = :id", id=schedule)
            seen.expect(not found, f"{what}: {len(found)} tasks were created")
    await _web_ui(stack, seen)
    seen.decisions.append(
        "Temporal's own port requires no sign-in on this machine, so its other users can list and end runs"
        " (run-in-production)"
    )
    return seen


async def _web_ui(stack: Stack, seen: Seen) -> None:
    """Send requests to Temporal's Web UI as a foreign page in the same browser would."""
    url = f"http://127.0.0.1:{stack.settings.temporal_ui_port}/api/v1/namespaces/default/workflows/x/terminate"
    async with httpx2.AsyncClient(trust_env=False) as client:
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {}):
            answer = await client.post(url, headers=headers, json={"reason": "x"})
            seen.expect(
                answer.status_code in (400, 403), f"the Web UI accepts a POST with {headers}: {answer.status_code}"
            )


async def _schedule(client: httpx2.AsyncClient) -> ScheduleId:
    body = {"name": "x", "task": TASK, "interval_s": 86_400, "paused": True}
    answer = await client.post(f"{API}/schedules", json=body)
    answer.raise_for_status()
    return ScheduleId(answer.json()["id"])


async def _run(stack: Stack, schedule: ScheduleId, owner: str) -> None:
    run = ScheduledRunInput(schedule_id=schedule, owner_id=UserId(owner))
    with contextlib.suppress(WorkflowFailureError):
        await stack.temporal.execute_workflow(
            "ScheduledTaskWorkflow", run, id=f"stranger-{uuid4().hex}", task_queue=stack.settings.task_queue
        )


async def too_often(stack: Stack) -> Seen:
    seen = Seen()
    async with signed_in(stack) as client:
        kept = await _schedule(client)
        timings: list[dict[str, Any]] = [{"cron": cron} for cron in TOO_OFTEN] + [{"interval_s": s} for s in SECONDS]
        timings += [{"cron": "* * * * *", "interval_s": 1}, {}]
        for timing in timings:
            body = {"name": "x", "task": TASK, "overlap": "allow_all", **timing}
            for method, path in (("POST", ""), ("PUT", f"/{kept}"), ("POST", "/preview")):
                answer = await client.request(
                    method,
                    f"{API}/schedules{path}",
                    content=to_json(body),
                    headers={"Content-Type": "application/json"},
                )
                seen.expect(
                    answer.status_code in (400, 422), f"{method} {path[:9]} accepts {timing}: {answer.status_code}"
                )
    return seen


FINDINGS = (
    Finding(
        "B6",
        "a run that an attacker starts in Temporal creates a task only for the schedule's owner",
        runs_for_others,
    ),
    Finding("B10", "no schedule is due more than once every 10 s", too_often),
)
