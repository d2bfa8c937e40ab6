"""B20, S09: whether answers reveal accounts by their text, status code or work."""

from itertools import count
from uuid import uuid4

import httpx2

from benchmarks.security.accounts import new_accounts, open_database, rows
from benchmarks.security.comparison import Ask, compare
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, try_password
from chimera.security.sessions import Auth
from tests.faults.lab import configured
from tests.stack import Stack

SAMPLES = 200
AT_ONE_ACCOUNT = 8


async def sign_ins(stack: Stack) -> Seen:
    """Compare a wrong password, an unknown e-mail, and a disabled account with the wrong and the right password."""
    accounts = SAMPLES // AT_ONE_ACCOUNT + 1
    wrong, disabled, also = [await new_accounts(stack, accounts) for _ in range(3)]
    await _disable(stack, [*disabled, *also])
    numbers = count()

    def of(emails: list[str], password: str) -> Ask:
        return lambda client: try_password(client, emails[next(numbers) // 4 // AT_ONE_ACCOUNT], password)

    seen = await compare(
        stack,
        SAMPLES,
        {
            "wrong password": of(wrong, "x" * 20),
            "an unknown e-mail": lambda client: try_password(client, _unknown_email(next(numbers)), PASSWORD),
            "disabled, wrong password": of(disabled, "x" * 20),
            "disabled, right password": of(also, PASSWORD),
        },
        second=19,
    )
    seen.take(await _refreshes(stack), "refresh: ")
    seen.take(await _resets(stack), "reset: ")
    return seen


async def _resets(stack: Stack) -> Seen:
    """With an invented token, compare an account's e-mail, an unknown one and a disabled account's."""
    known, disabled = await new_accounts(stack, SAMPLES), await new_accounts(stack, SAMPLES)
    await _disable(stack, disabled)

    def of(emails: list[str]) -> Ask:
        return lambda client: _reset(client, emails.pop())

    asks: dict[str, Ask] = {
        "an account's e-mail": of(known),
        "an unknown e-mail": lambda client: _reset(client, _unknown_email(0)),
        "a disabled account's e-mail": of(disabled),
    }
    return await compare(stack, SAMPLES, asks, second=17, same_work=False)


async def _refreshes(stack: Stack) -> Seen:
    """Compare an unknown token, a used token, and a disabled account's token."""
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
        "an unknown token": lambda client: _refresh(client, f"{uuid4().hex}{uuid4().hex}"),
        "a used token": of("used"),
        "a disabled account's token": of("disabled"),
    }
    seen = await compare(stack, SAMPLES, asks, second=18, same_work=False)
    seen.decisions.append(
        "for refreshes, only body and code are criteria: their work is too small to measure, and their time is only"
        " reported"
    )
    return seen


async def registrations(stack: Stack) -> Seen:
    """With open registration, compare an e-mail that has an account with one that doesn't."""
    known = iter(await new_accounts(stack, SAMPLES))
    async with configured(stack.services.api, registration="open"):
        return await compare(
            stack,
            SAMPLES,
            {
                "an e-mail with an account": lambda client: _register(client, next(known)),
                "an e-mail without": lambda client: _register(client, _unknown_email(0)),
            },
            second=16,
        )


def _unknown_email(_: int) -> str:
    return f"{uuid4().hex}@example.com"


async def _refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/refresh", json={"refresh_token": token})


async def _register(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/register", json={"email": email, "password": PASSWORD})


async def _reset(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    body = {"email": email, "token": f"{uuid4().hex}{uuid4().hex}", "new_password": PASSWORD}
    return await client.post(f"{API}/auth/password-reset", json=body)


async def _disable(stack: Stack, emails: list[str]) -> None:
    await rows(stack, "UPDATE users SET disabled_at = now() WHERE email = ANY(:emails)", emails=emails)


FINDINGS = (
    Finding("B20", "open registration doesn't reveal accounts (S09)", registrations),
    Finding("S09", "sign-in, refresh and reset don't reveal accounts: same body, same code, same work", sign_ins),
)
