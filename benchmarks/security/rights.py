"""B2, B3: streams and calls in flight when rights are revoked."""

import asyncio
import time

from sqlalchemy import text

from benchmarks.security.accounts import open_database
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account, try_password
from tests.stack import Stack

SOON_S = 5.0
BUSY_S = 5.0
"""Additional time for a busy machine, which the result mentions."""
LATER = f"the limit of {SOON_S:g} s is extended by {BUSY_S:g} s for a busy machine; the longest time is reported"
LONG = "Say a lot. [[sim: tokens=600; drip=60]]"
CHANGES = {
    "demoted": "UPDATE users SET role = 'user'",
    "disabled": "UPDATE users SET disabled_at = now()",
    "signed out": "UPDATE refresh_tokens SET revoked_at = now()",
    "deleted": "DELETE FROM users",
}


async def open_streams(stack: Stack) -> Seen:
    """Revoke an administrator's rights while they follow another user's task."""
    seen = Seen()
    task = (await stack.api.post(f"{API}/tasks", json={"goal": LONG, "start": False})).json()["id"]
    for what, change in CHANGES.items():
        email = await new_account(stack, "admin")
        async with client_of(stack, address="127.0.6.1") as client:
            tokens = (await try_password(client, email, PASSWORD)).json()
            client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            async with client.stream("GET", f"{API}/tasks/{task}/events", timeout=None) as answer:
                lines = answer.aiter_lines()
                await anext(lines)
                await _run(stack, change, email)
                began = time.perf_counter()
                try:
                    async with asyncio.timeout(SOON_S + BUSY_S):
                        async for _ in lines:
                            pass
                except TimeoutError:
                    pass
                took = time.perf_counter() - began
            seen.expect(took < SOON_S + BUSY_S, f"{what}: the stream continued")
            seen.figures[f"{what}, s"] = round(took, 1)
    seen.decisions.append(LATER)
    return seen


async def runs_in_flight(stack: Stack) -> Seen:
    """Check that a disabled account's runs stop, and that no more calls are started for them."""
    seen = Seen()
    email = await new_account(stack)
    async with client_of(stack, address="127.0.6.2") as client:
        tokens = (await try_password(client, email, PASSWORD)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        plan = [{"key": f"s{n}", "instruction": LONG, "agent": "writer"} for n in range(3)]
        ids = [(await client.post(f"{API}/tasks", json={"goal": "x", "plan": plan})).json()["id"] for _ in range(5)]
    await asyncio.sleep(3)
    await _run(stack, CHANGES["disabled"], email)
    async with open_database(stack) as database:
        async with database.begin() as session:
            at = await session.scalar(text("SELECT disabled_at FROM users WHERE email = :email"), {"email": email})
        await asyncio.sleep(2 * (SOON_S + BUSY_S))
        async with database.begin() as session:
            begun = await session.scalar(
                text("SELECT count(*) FROM call_attempts WHERE run_id = ANY(:ids) AND started_at > :at"),
                {"ids": ids, "at": at},
            )
            open_tasks = await session.scalar(
                text("SELECT count(*) FROM runs WHERE id = ANY(:ids) AND ended_at IS NULL"), {"ids": ids}
            )
    seen.trials += len(ids)
    seen.expect(begun == 0, f"{begun} calls started afterwards")
    seen.expect(open_tasks == 0, f"{open_tasks} tasks are still open")
    return seen


async def _run(stack: Stack, change: str, email: str) -> None:
    column = "user_id = (SELECT id FROM users WHERE email = :email)" if "tokens" in change else "email = :email"
    async with open_database(stack) as database, database.begin() as session:
        await session.execute(text(f"{change} WHERE {column}"), {"email": email})


FINDINGS = (
    Finding("B2", "streams end within 5 s of losing rights", open_streams),
    Finding("B3", "nothing runs for a disabled account", runs_in_flight),
)
