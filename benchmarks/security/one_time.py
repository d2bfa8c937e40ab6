"""S10, S11: tokens for new passwords and new accounts, and the first administrator."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx2

from benchmarks.security.accounts import rows, signed_in
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account
from tests.faults.lab import configured
from tests.stack import Stack

GUESSES = 10_000
AT_ONCE = 20
ODD: Sequence[object] = (None, "", " " * 40, "null", "undefined", 0, 1, True, False, [], [""], {}, "x" * 43, "x" * 5000)
NEW = "another canary that sings"
SETUP_TOKEN = f"{uuid4().hex}{uuid4().hex}"


async def tokens(stack: Stack) -> Seen:
    """Try odd, used, expired and foreign tokens, and guess 10,000 of each kind from many addresses."""
    seen = Seen()
    async with configured(stack.services.api, registration="invited"), signed_in(stack, "admin") as admin:
        await _resets(stack, seen, admin)
        await _invitations(stack, seen, admin)
    stored = await rows(
        stack, "SELECT token_sha256 FROM password_resets UNION ALL SELECT token_sha256 FROM invitations"
    )
    seen.expect(all(len(row["token_sha256"]) == 64 for row in stored), "a token isn't stored as a hash")
    lives = await rows(stack, "SELECT max(extract(epoch FROM expires_at - created_at))::int AS s FROM password_resets")
    seen.expect(lives[0]["s"] <= 1800, f"a token lives {lives[0]['s']} s")
    return seen


async def _resets(stack: Stack, seen: Seen, admin: httpx2.AsyncClient) -> None:
    mine, other = await new_account(stack), await new_account(stack)
    ids = await rows(stack, "SELECT id::text FROM users WHERE email = :email", email=mine)
    path = f"{API}/users/{ids[0]['id']}/password-reset"

    async def token() -> str:
        return str((await admin.post(path)).json()["token"])

    replaced, foreign = await token(), await token()
    for body in ({"token": odd} for odd in ODD):
        await _refused(stack, seen, "password-reset", {"email": mine, "new_password": NEW, **body}, f"{body!r:.40}")
    await _refused(stack, seen, "password-reset", {"email": mine, "new_password": NEW}, "a missing token")
    await _refused(
        stack, seen, "password-reset", {"email": other, "token": foreign, "new_password": NEW}, "a foreign token"
    )
    await _refused(
        stack, seen, "password-reset", {"email": mine, "token": replaced, "new_password": NEW}, "a replaced token"
    )
    await rows(stack, "UPDATE password_resets SET expires_at = now() WHERE used_at IS NULL")
    await _refused(
        stack, seen, "password-reset", {"email": mine, "token": foreign, "new_password": NEW}, "an expired token"
    )
    body = {"email": mine, "token": await token(), "new_password": NEW}
    answer = await _send(stack, "password-reset", body, 1)
    seen.expect(answer.status_code == 204, f"the right token is rejected: {answer.status_code}")
    await _refused(stack, seen, "password-reset", body, "a used token")
    await token()
    await _guess(stack, seen, "password-reset", lambda: {"email": mine, "new_password": NEW, "token": _guessed()})


async def _invitations(stack: Stack, seen: Seen, admin: httpx2.AsyncClient) -> None:
    async def invitation(**fields: Any) -> str:
        return str((await admin.post(f"{API}/invitations", json=fields)).json()["token"])

    def body(token: object) -> dict[str, object]:
        return {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, "invitation": token}

    for odd in ODD:
        await _refused(stack, seen, "register", body(odd), f"{odd!r:.40}")
    await _refused(stack, seen, "register", body(await invitation(email="someone@example.com")), "a foreign invitation")
    expired = await invitation()
    await rows(stack, "UPDATE invitations SET expires_at = now() WHERE used_at IS NULL")
    await _refused(stack, seen, "register", body(expired), "an expired invitation")
    right = await invitation()
    answers = await asyncio.gather(*(_send(stack, "register", body(right), number) for number in range(4)))
    worked = [answer.status_code for answer in answers].count(202)
    seen.expect(worked == 1, f"an invitation creates {worked} accounts")
    await _refused(stack, seen, "register", body(right), "a used invitation")
    await invitation()
    await _guess(stack, seen, "register", lambda: body(_guessed()))


async def _refused(stack: Stack, seen: Seen, route: str, body: dict[str, Any], what: str) -> None:
    status = (await _send(stack, route, body, seen.trials)).status_code
    seen.expect(status in (403, 422), f"{route}: {what} gets {status}")


async def _guess(stack: Stack, seen: Seen, route: str, body: Any) -> None:
    """Send guesses until there are 10,000, from an address each, because an address may guess only 100 times."""
    places, counts = asyncio.Semaphore(AT_ONCE), dict[int, int]()

    async def one(number: int) -> None:
        async with places:
            status = (await _send(stack, route, body(), number)).status_code
        counts[status] = counts.get(status, 0) + 1
        seen.trials += 1

    await asyncio.gather(*(one(number) for number in range(GUESSES)))
    accepted = sum(count for status, count in counts.items() if status < 400)
    seen.problems += [f"{route}: {accepted} guesses are accepted"] if accepted else []
    seen.figures[f"{route}, guesses by status"] = dict(sorted(counts.items()))


async def _send(stack: Stack, route: str, body: dict[str, Any], number: int) -> httpx2.Response:
    address = f"127.{40 + number // 62_500 % 100}.{number // 250 % 250}.{number % 250 + 1}"
    async with client_of(stack, address=address) as client:
        return await client.post(f"{API}/auth/{route}", json=body)


def _guessed() -> str:
    return f"{uuid4().hex}{uuid4().hex}"[:43]


async def first_administrator(stack: Stack) -> Seen:
    """Race for the first administrator, and try again later, without a token and with open registration."""
    seen = Seen()
    statuses = [(await _first(stack, number)).status_code for number in range(5)]
    seen.expect(statuses == [404] * 5, f"without a setup token: {statuses}")
    await rows(stack, "UPDATE users SET role = 'user' WHERE role = 'admin'")
    try:
        async with configured(stack.services.api, setup_token=SETUP_TOKEN):
            wrong = [(await _first(stack, number, token)).status_code for number, token in enumerate(("", "x", "é"))]
            seen.expect(wrong == [403] * 3, f"wrong setup tokens: {wrong}")
            answers = await asyncio.gather(*(_first(stack, number) for number in range(20)))
            statuses = [answer.status_code for answer in answers]
            seen.expect(statuses.count(201) == 1, f"{statuses.count(201)} first administrators")
            seen.expect(set(statuses) <= {201, 404, 503}, f"{sorted(set(statuses))}")
            made = await rows(stack, "SELECT count(*) AS n FROM users WHERE role = 'admin'")
            seen.expect(made[0]["n"] == 1, f"{made[0]['n']} administrators")
            later = [(await _first(stack, number)).status_code for number in range(10)]
            seen.expect(later == [404] * 10, f"later: {later}")
    finally:
        await rows(stack, "UPDATE users SET role = 'admin' WHERE email = 'admin@chimera.local'")
    body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    status = (await _send(stack, "register", body, 1)).status_code
    seen.expect(status == 403, f"registration is open by default: {status}")
    return seen


async def _first(stack: Stack, number: int, token: str = SETUP_TOKEN) -> httpx2.Response:
    body = {"setup_token": token, "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    return await _send(stack, "first-admin", body, number)


FINDINGS = (
    Finding("S10", "tokens for passwords and accounts: 0 accepted, single use, at most 30 min, stored hashed", tokens),
    Finding("S11", "of 20 first administrators 1 is created; afterward 404; registration off", first_administrator),
)
