"""B1: guessing passwords, and preventing other users from signing in."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx2

from benchmarks.security.finding import PASSWORD, Finding, Seen, client_of, new_account, try_password
from tests.stack import Stack

PLACES = 50
GUESSES = 200
ATTACKERS = 3
HONEST_TRIES = 6


async def guesses_at_one_account(stack: Stack, guesses: int = GUESSES) -> Seen:
    """Guess from fifty addresses, while the owner signs in from an address that they used before."""
    seen, email = Seen(), await new_account(stack)
    async with client_of(stack, address="127.0.1.1") as owner:
        seen.expect((await try_password(owner, email, PASSWORD)).status_code == 200, "the owner can't sign in")
        statuses: list[int] = []
        for index in range(guesses):
            async with client_of(stack, address=f"127.0.2.{index % PLACES + 1}") as client:
                answer = await try_password(client, email, f"guess number {index}")
                statuses.append(answer.status_code)
                refused = answer.status_code == 429
                seen.expect(not refused or "retry-after" in answer.headers, "a 429 without Retry-After")
        seen.figures["passwords checked"] = statuses.count(401)
        seen.expect(statuses.count(401) <= 10, f"{statuses.count(401)} guesses were checked, not 10")
        seen.expect((await try_password(owner, email, PASSWORD)).status_code == 200, "the owner was locked out")
    return seen


async def guesses_from_one_address(stack: Stack, guesses: int = GUESSES, address: str = "127.0.3.1") -> Seen:
    """Guess once at each of many accounts. They don't exist, but that makes no difference."""
    seen, statuses = Seen(), list[int]()
    async with client_of(stack, address=address) as client:
        for index in range(guesses):
            # A client's own claim about its address is not trusted.
            client.headers["X-Forwarded-For"] = f"192.0.{index // 250}.{index % 250}"
            statuses.append((await try_password(client, f"{uuid4().hex}@example.com", PASSWORD)).status_code)
            seen.trials += 1
    seen.figures["passwords checked"] = statuses.count(401)
    seen.expect(statuses.count(401) <= 100, f"{statuses.count(401)} guesses were checked, not 100")
    return seen


async def hundreds_at_once(stack: Stack) -> Seen:
    """Sign in continuously from three addresses, while the owner signs in from a known address and from new ones."""
    seen, email = Seen(), await new_account(stack)
    async with AsyncExitStack() as clients:
        owner = await clients.enter_async_context(client_of(stack, address="127.0.5.1"))
        seen.expect((await try_password(owner, email, PASSWORD)).status_code == 200, "the owner can't sign in")
        attackers = [
            await clients.enter_async_context(client_of(stack, address=f"127.0.4.{index + 1}"))
            for index in range(ATTACKERS)
        ]
        flood = [asyncio.create_task(_flood(attacker)) for attacker in attackers for _ in range(10)]
        await asyncio.sleep(0.3)
        for index in range(HONEST_TRIES):
            newcomer = await clients.enter_async_context(client_of(stack, address=f"127.0.6.{index + 1}"))
            for who, client in (("the owner", owner), ("a new user there", newcomer)):
                answer = await try_password(client, email, PASSWORD)
                seen.expect(answer.status_code == 200, f"{who} can't sign in: {answer.text[:200]}")
        for each in flood:
            each.cancel()
        ended = await asyncio.gather(*flood, return_exceptions=True)
        statuses = [status for each in ended if isinstance(each, list) for status in each]
        seen.trials += len(statuses)
        seen.figures["passwords checked"] = statuses.count(401)
        seen.expect(set(statuses) <= {401, 429, 503}, f"responses {sorted(set(statuses))}")
    return seen


async def _flood(client: httpx2.AsyncClient) -> list[int]:
    """Try passwords of accounts that don't exist, one after another, until cancelled; return the status codes."""
    statuses: list[int] = []
    try:
        while True:
            statuses.append((await try_password(client, f"{uuid4().hex}@example.com", "x" * 20)).status_code)
    except asyncio.CancelledError:
        return statuses


FINDINGS = (
    Finding("B1a", "10 guesses per account in 15 minutes, and the owner can still sign in", guesses_at_one_account),
    Finding("B1b", "100 guesses per address in an hour", guesses_from_one_address),
    Finding("B1c", "continuous sign-ins from three addresses don't block other users", hundreds_at_once),
)
