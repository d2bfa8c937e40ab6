"""S43: whether an approval can be used for anything but the call that it was given for."""

import asyncio
import json
from typing import Any

import httpx2

from benchmarks.security.accounts import rows, signed_in
from benchmarks.security.finding import API, Finding, Seen
from cli.output.revealed import revealed
from tests.faults.lab import until
from tests.stack import Stack

AGENT = "s43-clerk"
URL = "http://127.0.0.1:9/"
"""Private, so that an approved request has no effect either."""
LARGE = 10_000
RACES = 20
WAIT_S = 60.0


async def approvals(stack: Stack) -> Seen:
    """Try to run calls that nobody approved, with approvals of other calls."""
    seen = Seen()
    async with (
        signed_in(stack, address="127.0.43.1") as owner,
        signed_in(stack, address="127.0.43.2") as stranger,
    ):
        agent = {"name": AGENT, "prompt": "Work.", "tools": ["http_request"]}
        (await owner.post(f"{API}/agents", json=agent)).raise_for_status()
        await _changed(stack, owner, seen)
        await _reused(stack, owner, seen)
        await _other_run(stack, owner, seen)
        await _other_user(stack, owner, stranger, seen)
        await _expired(stack, owner, seen)
        await _raced(stack, owner, seen)
        await _large(stack, owner, seen)
    return seen


async def _changed(stack: Stack, owner: httpx2.AsyncClient, seen: Seen) -> None:
    """Change the arguments in the transcript after a person was asked, and have the old ones approved."""
    asked = await _asked(stack, owner)
    changed = json.dumps({"method": "DELETE", "url": URL})
    await rows(
        stack,
        "UPDATE messages SET tool_calls = jsonb_set(tool_calls, '{0,arguments}', to_jsonb(CAST(:changed AS text)))"
        " WHERE run_id = :id AND tool_calls IS NOT NULL",
        id=asked["task_id"],
        changed=changed,
    )
    await _decide(owner, asked)
    again = await _pending(stack, asked["task_id"], besides=asked["id"])
    seen.expect(again is not None and again["arguments"]["method"] == "DELETE", "changed arguments weren't asked about")
    seen.expect(not await _started(stack, asked["task_id"]), "changed arguments ran with the old approval")


async def _reused(stack: Stack, owner: httpx2.AsyncClient, seen: Seen) -> None:
    """Use an approval for the same call in the next turn, and decide twice."""
    asked = await _asked(stack, owner, f"{_call()}; then; {_call()}")
    seen.expect((await _decide(owner, asked)) == 200, "an approval was rejected")
    seen.expect((await _decide(owner, asked)) == 409, "an approval was used twice")
    second = await _pending(stack, asked["task_id"], besides=asked["id"])
    seen.expect(second is not None, "the second call ran with the first one's approval")
    seen.expect(second is not None and second["sha256"] != asked["sha256"], "two calls have the same hash")


async def _other_run(stack: Stack, owner: httpx2.AsyncClient, seen: Seen) -> None:
    """Decide about an approval by way of another task, and use it for another task's call."""
    one, other = await _asked(stack, owner), await _asked(stack, owner)
    crossed = await owner.post(f"{API}/tasks/{other['task_id']}/approvals/{one['id']}", json={"decision": "approve"})
    seen.expect(crossed.status_code == 404, f"an approval of another task returned {crossed.status_code}")
    seen.expect(one["sha256"] != other["sha256"], "equal calls of two tasks have the same hash")
    await _decide(owner, one)
    seen.expect(not await _started(stack, other["task_id"]), "a call ran with another task's approval")


async def _other_user(stack: Stack, owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient, seen: Seen) -> None:
    """See, decide, answer and delegate as a stranger."""
    asked = await _asked(stack, owner)
    task, approval = f"{API}/tasks/{asked['task_id']}", f"{API}/approvals/{asked['id']}"
    requests: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("GET", approval, None),
        ("GET", f"{task}/approvals", None),
        ("POST", f"{task}/approvals/{asked['id']}", {"decision": "approve"}),
        ("POST", f"{task}/approvals/{asked['id']}", {"decision": "reject"}),
        ("POST", f"{task}/answers/{asked['id']}", {"answer": "yes"}),
        ("POST", f"{approval}/delegate", {"to": "a@example.com"}),
    )
    for method, address, body in requests:
        answer = await stranger.request(method, address, json=body)
        seen.expect(answer.status_code == 404, f"{method} {address.rpartition('/')[2]} returned {answer.status_code}")
    listed = (await stranger.get(f"{API}/approvals", params={"status": ["pending", "approved"]})).json()["items"]
    seen.expect(listed == [], "a stranger's inbox contains the approval")
    seen.expect(not await _started(stack, asked["task_id"]), "a stranger's decision let the call run")


async def _expired(stack: Stack, owner: httpx2.AsyncClient, seen: Seen) -> None:
    """Decide after the expiry, before a worker has noticed it."""
    asked = await _asked(stack, owner)
    await rows(stack, "UPDATE approvals SET expires_at = now() - interval '1 second' WHERE id = :id", id=asked["id"])
    seen.expect((await _decide(owner, asked)) == 409, "an expired approval was accepted")
    seen.expect(not await _started(stack, asked["task_id"]), "a call ran with an expired approval")


async def _raced(stack: Stack, owner: httpx2.AsyncClient, seen: Seen) -> None:
    """Approve and reject at the same moment."""
    for _ in range(RACES):
        asked = await _asked(stack, owner)
        statuses = await asyncio.gather(_decide(owner, asked), _decide(owner, asked, "reject"))
        seen.expect(sorted(statuses) == [200, 409], f"two decisions returned {statuses}")
        votes = await rows(stack, "SELECT 1 FROM approval_votes WHERE approval_id = :id", id=asked["id"])
        seen.expect(len(votes) == 1, f"{len(votes)} decisions were recorded")


async def _large(stack: Stack, owner: httpx2.AsyncClient, seen: Seen) -> None:
    """Hide the end of a call behind 10 KB of arguments, and in characters that can't be seen."""
    body = "x" * LARGE + "\u202ethe end"
    asked = await _asked(stack, owner, _call(body=body))
    view = (await owner.get(f"{API}/approvals/{asked['id']}")).json()
    seen.expect(view["arguments"]["body"] == body, "the API cut or changed arguments")
    shown = revealed(view["arguments"])
    seen.expect("x" * LARGE in shown, "the command line cut arguments")
    seen.expect("\\u202ethe end" in shown and "\u202e" not in shown, "the command line hid a character")
    seen.figures["longest arguments, characters"] = len(json.dumps(view["arguments"]))


def _call(**fields: str) -> str:
    arguments = {"method": "POST", "url": URL, **fields}
    return f"call=http_request; args={json.dumps(arguments)}"


async def _asked(stack: Stack, owner: httpx2.AsyncClient, directives: str = "") -> dict[str, Any]:
    """Start a task whose agent wants to send a request; return the approval that it waits for."""
    instruction = f"Send it. [[sim: {directives or _call()}; tokens=5]]"
    plan = [{"key": "only", "instruction": instruction, "agent": AGENT}]
    task = {"goal": "Send it.", "model": "simulator/fast", "plan": plan}
    answer = (await owner.post(f"{API}/tasks", json=task)).raise_for_status()
    found = await _pending(stack, answer.json()["id"])
    assert found is not None, "the task doesn't wait for an approval"
    return found


async def _pending(stack: Stack, task_id: str, *, besides: str | None = None) -> dict[str, Any] | None:
    """Wait for a task's pending approval, other than `besides`; return it, or None if there is none."""
    found: list[dict[str, Any]] = []

    async def has_come() -> bool:
        query = (
            "SELECT id::text AS id, run_id::text AS task_id, sha256, arguments FROM approvals"
            " WHERE run_id = :id AND status = 'pending' AND id::text IS DISTINCT FROM CAST(:besides AS text)"
        )
        found[:] = [dict(row) for row in await rows(stack, query, id=task_id, besides=besides)]
        return bool(found)

    await until(has_come, WAIT_S)
    return found[0] if found else None


async def _decide(owner: httpx2.AsyncClient, asked: dict[str, Any], decision: str = "approve") -> int:
    address = f"{API}/tasks/{asked['task_id']}/approvals/{asked['id']}"
    return (await owner.post(address, json={"decision": decision})).status_code


async def _started(stack: Stack, task_id: str) -> bool:
    """Return whether one of a task's calls was started."""
    return bool(await rows(stack, "SELECT 1 FROM tool_calls WHERE run_id = :id AND attempts > 0", id=task_id))


FINDINGS = (Finding("S43", "an approval is for one call only, and one decision counts", approvals),)
