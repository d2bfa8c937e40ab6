"""B20, S09: whether answers tell who has an account, by text, by code or by the work that they take."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx2

from benchmarks.faults.lab import configured
from benchmarks.security.accounts import new_accounts, open_database, rows
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, processor_s, try_password
from benchmarks.stack import Stack
from chimera.auth import Auth

SAMPLES = 200
FROM_ONE_ADDRESS = 18
"""Fewer than the limits of an address; the 19th comes from elsewhere."""
AT_ONE_ACCOUNT = 8
SAME_WORK = 0.1
"""By how much the processor's time may differ; the medians of time are told, and are no criterion on a busy machine."""


@dataclass(slots=True)
class Sample:
    answers: set[tuple[int, str]] = field(default_factory=set)
    times_ms: list[float] = field(default_factory=list)
    work_s: float = 0.0


Ask = Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]]


async def sign_ins(stack: Stack) -> Seen:
    """Wrong password, nobody's e-mail, and a disabled account with the wrong and with the right password."""
    accounts = SAMPLES // AT_ONE_ACCOUNT + 1
    wrong, disabled, also = [await new_accounts(stack, accounts) for _ in range(3)]
    await _disable(stack, [*disabled, *also])
    numbers = count()

    def of(emails: list[str], password: str) -> Ask:
        return lambda client: try_password(client, emails[next(numbers) // 4 // AT_ONE_ACCOUNT], password)

    seen = await _compare(
        stack,
        SAMPLES,
        {
            "wrong password": of(wrong, "x" * 20),
            "nobody's e-mail": lambda client: try_password(client, _nobody(next(numbers)), PASSWORD),
            "disabled, wrong password": of(disabled, "x" * 20),
            "disabled, right password": of(also, PASSWORD),
        },
        second=19,
    )
    refreshed = await _refreshes(stack)
    return _both(seen, refreshed)


async def _refreshes(stack: Stack) -> Seen:
    """Nobody's token, one that was used, and one of a disabled account."""
    tokens: dict[str, list[str]] = {"used": [], "disabled": []}
    emails = await new_accounts(stack, SAMPLES)
    async with open_database(stack) as database:
        auth = Auth(database, stack.settings)
        for email in emails:
            for kept in tokens.values():
                kept.append((await auth.vouch_for(email)).refresh_token)
            await auth.refresh(tokens["used"][-1])
    await _disable(stack, emails)

    def of(kind: str) -> Ask:
        return lambda client: _refresh(client, tokens[kind].pop())

    asks: dict[str, Ask] = {
        "nobody's token": lambda client: _refresh(client, f"{uuid4().hex}{uuid4().hex}"),
        "a used token": of("used"),
        "a token of a disabled account": of("disabled"),
    }
    return await _compare(stack, SAMPLES, asks, second=18, same_work=False)


async def registrations(stack: Stack) -> Seen:
    """Where it is open: an e-mail that has an account, and one that has none."""
    known = iter(await new_accounts(stack, SAMPLES))
    async with configured(stack.services.api, registration_open="true"):
        return await _compare(
            stack,
            SAMPLES,
            {
                "an e-mail with an account": lambda client: _register(client, next(known)),
                "an e-mail without": lambda client: _register(client, _nobody(0)),
            },
            second=16,
        )


async def _compare(stack: Stack, samples: int, asks: dict[str, Ask], *, second: int, same_work: bool = True) -> Seen:
    """Ask in turn, one at a time, and compare what came back and what it took."""
    found = {what: Sample() for what in asks}
    addresses = _addresses(second)
    for _ in range(samples):
        for what, ask in asks.items():
            async with client_of(stack, address=next(addresses)) as client:
                work, began = processor_s(stack.services.api), perf_counter()
                answer = await ask(client)
                found[what].times_ms.append((perf_counter() - began) * 1000)
                found[what].work_s += processor_s(stack.services.api) - work
            found[what].answers.add((answer.status_code, _text(answer)))
    seen = Seen(trials=samples * len(asks))
    told = set.union(*(each.answers for each in found.values()))
    seen.problems += [f"answers differ: {sorted(told)}"] if len(told) != 1 else []
    seen.figures |= {f"{what}, median ms": round(median(each.times_ms), 1) for what, each in found.items()}
    medians = [median(each.times_ms) for each in found.values()]
    seen.figures["largest median by the smallest"] = round(max(medians) / min(medians), 2)
    work = [each.work_s / samples for each in found.values()]
    seen.figures["processor, ms"] = round(1000 * sum(work) / len(work), 1)
    seen.figures["most work by the least"] = round(max(work) / max(min(work), 1e-9), 2)
    if same_work and max(work) > min(work) * (1 + SAME_WORK):
        seen.problems.append("one kind takes more of the processor than another")
    return seen


def _addresses(second: int) -> Iterator[str]:
    """Of this machine, each often enough for no limit."""
    for number in count():
        place = number // FROM_ONE_ADDRESS
        yield f"127.{second}.{place // 250}.{place % 250 + 1}"


def _text(answer: httpx2.Response) -> str:
    """The body without what differs by request: its id, and the e-mail that was sent."""
    body: dict[str, Any] = answer.json()
    return str(sorted((name, value) for name, value in body.items() if name not in ("instance", "email")))


def _both(first: Seen, second: Seen) -> Seen:
    figures = {**first.figures, **{f"refresh: {name}": value for name, value in second.figures.items()}}
    return Seen(first.trials + second.trials, first.problems + second.problems, figures)


def _nobody(_: int) -> str:
    return f"{uuid4().hex}@example.com"


async def _refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/refresh", json={"refresh_token": token})


async def _register(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/register", json={"email": email, "password": PASSWORD})


async def _disable(stack: Stack, emails: list[str]) -> None:
    await rows(stack, "UPDATE users SET disabled_at = now() WHERE email = ANY(:emails)", emails=emails)


FINDINGS = (
    Finding("B20", "open registration tells nobody who has an account (S09)", registrations),
    Finding("S09", "sign-in and refresh tell nobody who has an account: one body and code, the same work", sign_ins),
)
