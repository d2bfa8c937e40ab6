"""B26, S20: controls at the wrong time, and many controls at once."""

import asyncio
from collections import Counter

import httpx2

from benchmarks.security.accounts import new_task, rows, signed_in, status_of, until_status
from benchmarks.security.finding import API, Finding, Seen
from benchmarks.security.pairs import pairs_of
from models.ids import TaskId
from tests.faults.lab import crash, revive
from tests.stack import Stack

ENDING = 60
AT_ONCE = 50
SLOW = "tokens=600; drip=20"
BODIES = {"budget": {"max_model_calls": 1000}, "steer": {"text": "Be brief."}}
CONTROLS = ("execute", "cancel", "pause", "resume", "budget", "steer", "retry", "delete")
ALLOWED = {
    "draft": {"execute", "cancel", "budget", "steer", "delete"},
    "queued": {"cancel", "pause", "resume", "budget", "steer"},
    "running": {"cancel", "pause", "resume", "budget", "steer"},
    "paused": {"cancel", "pause", "resume", "budget", "steer"},
    "waiting": {"cancel", "pause", "budget", "steer"},
    "cancelling": {"cancel"},
    "completed": {"delete"},
    "failed": {"retry", "delete"},
    "cancelled": {"cancel", "delete"},
}
"""The allowed controls by state; all others are rejected with 409."""


async def late_cancels(stack: Stack) -> Seen:
    """Cancel tasks between the only subtask's answer and the task's end."""
    seen, ended = Seen(), Counter[str]()
    async with signed_in(stack) as client:
        for number in range(ENDING):
            task_id = await new_task(client, "tokens=5")
            # A little later each time, so that the cancels are spread over the whole duration of such a task.
            await asyncio.sleep(0.1 + number / ENDING * 0.3)
            status = (await client.post(f"{API}/tasks/{task_id}/cancel")).status_code
            seen.expect(status in (202, 409), f"a cancel returns {status}")
            end = await until_status(client, task_id, every_s=0.05)
            wanted = "cancelled" if status == 202 else "completed"
            seen.expect(end == wanted, f"a cancel that returned {status} ended as {end}")
            ended[f"{status} {end}"] += 1
    seen.figures |= ended
    return seen


async def controls_in_states(stack: Stack) -> Seen:
    """Try every control in every state, two controls at once, and many parallel executions of a draft."""
    seen = Seen()
    async with signed_in(stack) as client:
        for state, tasks in (await _in_states(stack, client)).items():
            await _control(client, seen, state, tasks)
        await revive(stack.services.worker)
        # A task counts as running as soon as Temporal has it, so Temporal must be down for a queued one.
        await crash(stack.parts["temporal"])
        await _control(client, seen, "queued", {control: await _made(client, "queued") for control in CONTROLS})
        await revive(stack.parts["temporal"])
        await _execute_at_once(stack, client, seen)
        for budget in (-1, 0, 1.5, "1", 10**30, None):
            for name in ("max_cost_micro_usd", "max_tokens", "max_model_calls"):
                body = {"goal": "x", "budget": {name: budget}}
                status = (await client.post(f"{API}/tasks", json=body)).status_code
                seen.expect(status == 422, f"a budget of {name}={budget} returns {status}")
    seen.take(await pairs_of("steer", "interrupt", "cancel", "delete")(stack))
    return seen


async def _control(client: httpx2.AsyncClient, seen: Seen, state: str, tasks: dict[str, TaskId]) -> None:
    for control, task_id in tasks.items():
        found = await status_of(client, task_id)
        seen.expect(found == state, f"{task_id} is {found}, not {state}")
        status = await _send(client, task_id, control)
        is_allowed = control in ALLOWED[state]
        # Guidance is sent to the run itself, which can't be reached while Temporal is down.
        away = (503,) if (state, control) == ("queued", "steer") else ()
        right = status in ((200, 202, 204, *away) if is_allowed else (409,))
        seen.expect(right, f"{control} of a {state} task returns {status}")


async def _in_states(stack: Stack, client: httpx2.AsyncClient) -> dict[str, dict[str, TaskId]]:
    """Create a task for each control in each state. At the end, the worker is stopped, so that the states stay."""
    later = ("queued", "cancelling")
    made = {
        state: {control: await _made(client, state) for control in CONTROLS} for state in ALLOWED if state not in later
    }
    for state, tasks in made.items():
        for task_id in tasks.values():
            match state:
                case "running":
                    await until_status(client, task_id, "running")
                case "paused":
                    await client.post(f"{API}/tasks/{task_id}/pause")
                case "cancelled":
                    await client.post(f"{API}/tasks/{task_id}/cancel")
                    await until_status(client, task_id)
                case "waiting" | "completed" | "failed":
                    await until_status(client, task_id, "waiting")
    await crash(stack.services.worker)
    made["cancelling"] = {control: await _made(client, "cancelling") for control in CONTROLS}
    for task_id in made["cancelling"].values():
        await client.post(f"{API}/tasks/{task_id}/cancel")
    return made


async def _made(client: httpx2.AsyncClient, state: str) -> TaskId:
    match state:
        case "draft":
            return await new_task(client, "tokens=5", start=False)
        case "waiting":
            plan = [
                {"key": key, "instruction": "Say a word. [[sim: tokens=5]]", "agent": "writer", "depends_on": after}
                for key, after in (("a", []), ("b", ["a"]))
            ]
            return await new_task(client, "", plan=plan, budget={"max_model_calls": 1})
        case "failed":
            return await new_task(client, "status=400")
        case "completed" | "queued" | "cancelling":
            return await new_task(client, "tokens=5")
        case _:
            return await new_task(client, SLOW)


async def _execute_at_once(stack: Stack, client: httpx2.AsyncClient, seen: Seen) -> None:
    task_id = await new_task(client, "tokens=5", start=False)
    statuses = Counter(await asyncio.gather(*(_send(client, task_id, "execute") for _ in range(AT_ONCE))))
    seen.expect(statuses == {202: 1, 409: AT_ONCE - 1}, f"{AT_ONCE} parallel executes: {dict(statuses)}")
    await until_status(client, task_id)
    calls = await rows(stack, "SELECT count(*) AS n FROM call_attempts WHERE run_id = :id", id=task_id)
    seen.expect(calls[0]["n"] == 1, f"{calls[0]['n']} calls were made for the task")


async def _send(client: httpx2.AsyncClient, task_id: TaskId, control: str) -> int:
    path = f"{API}/tasks/{task_id}"
    if control == "delete":
        return (await client.delete(path)).status_code
    return (await client.post(f"{path}/{control}", json=BODIES.get(control))).status_code


FINDINGS = (
    Finding("B26", "a cancel accepted at a task's end cancels the task", late_cancels),
    Finding(
        "S20",
        "controls are rejected by state, parallel controls lose nothing, and 50 executes start one run",
        controls_in_states,
    ),
)
