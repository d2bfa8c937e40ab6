"""S47: spending limits of a user and of all users: races, many children, long answers, faults and unknown prices."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.security.accounts import new_task, rows, signed_in, user_id
from benchmarks.security.finding import API, Finding, Seen
from models.runs import CLOSED, RunStatus
from tests.stack import Stack, running_stack

RUNS = 50
WAIT_S = 240.0
FAULTS = (
    "tokens=200",
    "tokens=200; nousage=1",
    "tokens=200; status=500; times=2",
    "tokens=200; cut=after:200; times=1",
    "tokens=200; garbage=1",
    "tokens=200; finish=length",
    "tokens=400; drip=100",
)
"""What each run's calls do: answer, without token counts, after failures, cut off, or slowly."""

_SPENT = """
SELECT COALESCE(sum(CASE WHEN a.status = 'in_doubt' THEN a.reserved_micro_usd ELSE a.cost_micro_usd END), 0) AS spent,
       COALESCE(sum(a.reserved_micro_usd) FILTER (WHERE a.status = 'started'), 0) AS open, count(*) AS attempts,
       COALESCE(max(a.reserved_micro_usd), 0) AS largest
FROM call_attempts a JOIN runs r ON r.id = a.run_id WHERE r.owner_id = ANY(CAST(:owners AS uuid[]))
"""


async def users_limit(stack: Stack) -> Seen:
    """Let fifty runs race one user's limit, with faults and cancels, and then raise it."""
    seen = Seen()
    async with signed_in(stack, "admin", address="127.0.47.1") as admin, signed_in(stack, address="127.0.47.2") as one:
        owner = await user_id(one)
        limit = 4 * await _cost_of_a_call(stack, one, owner)
        already = (await _spent(stack, owner))["spent"]
        await _set(admin, owner, already + limit)
        ids = [await new_task(one, FAULTS[number % len(FAULTS)]) for number in range(RUNS)]
        await asyncio.gather(*(one.post(f"{API}/tasks/{task_id}/cancel") for task_id in ids[::10]))
        await _settled(seen, one, ids)
        found = await _spent(stack, owner)
        seen.trials += RUNS + found["attempts"]
        seen.expect(
            found["spent"] + found["open"] <= already + limit, f"{found['spent']} of {already + limit} is spent"
        )
        seen.expect(found["spent"] > already, "nothing was spent")
        seen.figures |= {"limit": limit, "spent": int(found["spent"] - already), "attempts": int(found["attempts"])}
        waiting = await _states(one, ids)
        seen.expect(RunStatus.WAITING in waiting, f"no run waits: {waiting}")
        await _set(admin, owner, None)
        await _ended(seen, one, ids)
    return seen


async def all_users_limit(_: Stack) -> Seen:
    """Let fifty runs of five users race the limit of all users, each run with twenty children."""
    seen = Seen()
    limit = 60_000
    with tempfile.TemporaryDirectory(prefix="chimera-spending-") as folder:
        async with running_stack(
            Path(folder), report=lambda line: None, max_total_cost_day_micro_usd=limit, workers=2
        ) as stack:
            plan = [{"key": f"k{n}", "instruction": "Say a word. [[sim: tokens=100]]"} for n in range(20)]
            owners = []
            for number in range(5):
                async with signed_in(stack, address=f"127.0.47.{number + 10}") as one:
                    owners.append(await user_id(one))
                    ids = [await _planned(one, plan) for _ in range(RUNS // 5)]
                    if number == 4:
                        await _settled(seen, one, ids)
            found = await _until_still(stack, owners)
            seen.trials += RUNS + found["attempts"]
            seen.expect(found["spent"] + found["open"] <= limit, f"{found['spent']} of {limit} is spent")
            seen.expect(found["spent"] > limit // 2, f"only {found['spent']} of {limit} was spent")
            seen.figures |= {"limit": limit, "spent": int(found["spent"]), "attempts": int(found["attempts"])}
    return seen


async def inflated_calls(stack: Stack) -> Seen:
    """Ask for answers that may be too long for the limit, for models without a price, and for AI calls."""
    seen = Seen()
    async with signed_in(stack, "admin", address="127.0.47.3") as admin, signed_in(stack, address="127.0.47.4") as one:
        owner = await user_id(one)
        await _set(admin, owner, 2_000)
        task_id = await new_task(one, "tokens=1", limits={"max_output_tokens": 8000})
        await _settled(seen, one, [task_id])
        seen.expect(await _states(one, [task_id]) == {RunStatus.WAITING}, "a call that may be too long was made")
        seen.expect((await _spent(stack, owner))["attempts"] == 0, "a request was sent")
        body = {"goal": "Say a word.", "model": "openai/no-such-model", "budget": {"max_cost_micro_usd": 5}}
        answer = await one.post(f"{API}/tasks", json=body)
        seen.expect(answer.status_code in (409, 422, 503), f"an unknown price returns {answer.status_code}")
        await _set(admin, owner, 0)
        answer = await one.post(f"{API}/ai/images", json={"model": "simulator/image", "prompt": "A boat"})
        seen.expect(answer.status_code == 429, f"an image returns {answer.status_code}")
        seen.expect(answer.json()["code"] == "spending_limit_reached", answer.text[:200])
    return seen


async def _planned(client: httpx2.AsyncClient, plan: list[dict[str, Any]]) -> str:
    answer = await client.post(f"{API}/tasks", json={"goal": "A trial", "model": "simulator/fast", "plan": plan})
    return str(answer.raise_for_status().json()["id"])


async def _cost_of_a_call(stack: Stack, client: httpx2.AsyncClient, owner: str) -> int:
    """Return what a call of these trials reserves at most."""
    task_id = await new_task(client, "tokens=200")
    await _ended(Seen(), client, [task_id])
    return int((await _spent(stack, owner))["largest"])


async def _set(admin: httpx2.AsyncClient, owner: str, micro_usd: int | None) -> None:
    answer = await admin.put(f"{API}/users/{owner}/limits", json={"max_cost_day_micro_usd": micro_usd})
    answer.raise_for_status()


async def _spent(stack: Stack, *owners: str) -> dict[str, Any]:
    (row,) = await rows(stack, _SPENT, owners=list(owners))
    return {name: int(value) for name, value in row.items()}


async def _states(client: httpx2.AsyncClient, ids: list[Any]) -> set[str]:
    answers = await asyncio.gather(*(client.get(f"{API}/tasks/{task_id}") for task_id in ids))
    return {answer.json()["status"] for answer in answers}


async def _settled(seen: Seen, client: httpx2.AsyncClient, ids: list[Any]) -> None:
    await _until(seen, client, ids, {RunStatus.WAITING, *CLOSED})


async def _ended(seen: Seen, client: httpx2.AsyncClient, ids: list[Any]) -> None:
    await _until(seen, client, ids, set(CLOSED))


async def _until(seen: Seen, client: httpx2.AsyncClient, ids: list[Any], wanted: set[RunStatus]) -> None:
    try:
        async with asyncio.timeout(WAIT_S):
            while not await _states(client, ids) <= wanted:
                await asyncio.sleep(0.5)
    except TimeoutError:
        seen.problems.append(f"after {WAIT_S:g} s, runs are {await _states(client, ids)}")


async def _until_still(stack: Stack, owners: list[str]) -> dict[str, Any]:
    """Wait until nothing is in flight and nothing more is spent."""
    before: dict[str, Any] = {}
    async with asyncio.timeout(WAIT_S):
        while (found := await _spent(stack, *owners)) != before or found["open"]:
            before = found
            await asyncio.sleep(5)
    return found


FINDINGS = (
    Finding("S47a", "fifty runs with faults and cancels don't exceed a user's limit, and continue later", users_limit),
    Finding("S47b", "fifty runs with a thousand children don't exceed the limit of all users", all_users_limit),
    Finding("S47c", "long answers, AI calls and unknown prices don't get past a limit", inflated_calls),
)
