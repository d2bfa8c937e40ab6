"""S07: which passwords are accepted, and how they are stored."""

import re
from itertools import islice
from pathlib import Path

import httpx2

import chimera
from benchmarks.security.accounts import rows, signed_in
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account, processor_s, try_password
from tests.stack import Stack

COMMON = 3_000
KEPT = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$")
MEMORY_KIB, ROUNDS = 19_456, 2
REFUSED_MS = 50
GOOD = (
    "x7 " * 20 + "sixt",
    "пароль из четырёх слов 密码短语 🐉🐉",
    "x" * 200 + " one last letter a",
    " blanks before and behind ",
    "Ａ full-width letter",
)
LONG = 1_000_000


async def what_is_taken(stack: Stack) -> Seen:
    seen = Seen()
    async with signed_in(stack, address="127.0.21.1") as client:
        before = processor_s(stack.services.api)
        taken = [word for word in _common() if (await _change(client, PASSWORD, word)).status_code != 422]
        seen.figures["processor time for a common password, ms"] = round(
            (processor_s(stack.services.api) - before) * 1000 / COMMON, 1
        )
        seen.trials += COMMON
        seen.problems += [f"{len(taken)} common passwords are accepted, such as {taken[0]!r}"] if taken else []
        for short in ("", "x", "seven77", "   7   "):
            seen.expect((await _change(client, PASSWORD, short)).status_code == 422, f"{short!r} is accepted")
        await _long_ones(stack, client, seen)
    for number, password in enumerate(GOOD):
        await _kept_whole(stack, seen, password, f"127.0.21.{number + 2}")
    for row in await rows(stack, "SELECT password_hash FROM users"):
        found = KEPT.match(row["password_hash"])
        seen.expect(found is not None, "a row has no Argon2id hash")
        strong = found is not None and int(found[1]) >= MEMORY_KIB and int(found[2]) >= ROUNDS
        seen.expect(strong, f"a hash has {found and found[0]}")
    seen.decisions.append(f"the {COMMON} are the most common passwords on the API's own list; no other list is tried")
    return seen


async def _long_ones(stack: Stack, client: httpx2.AsyncClient, seen: Seen) -> None:
    before = processor_s(stack.services.api)
    statuses = {
        (await client.post(f"{API}/auth/{path}", json=body)).status_code
        for path, body in (
            ("login", {"email": "x@example.com", "password": "x" * LONG}),
            ("password", {"current_password": PASSWORD, "new_password": "x" * LONG}),
            ("password", {"current_password": "x" * LONG, "new_password": PASSWORD}),
        )
    }
    used_ms = (processor_s(stack.services.api) - before) * 1000 / 3
    seen.expect(statuses == {413}, f"a megabyte returns {statuses}")
    seen.expect(used_ms <= REFUSED_MS, f"a megabyte uses {used_ms:.0f} ms of processor time")
    status = (await _change(client, PASSWORD, "x7" * 1_000)).status_code
    seen.expect(status == 422, f"2,000 characters return {status}")
    seen.decisions.append("a megabyte gets 413, not 422, because bodies for /auth are limited to 16 KiB")


async def _kept_whole(stack: Stack, seen: Seen, password: str, address: str) -> None:
    """Check that a password opens the account, but not without its last character or in a changed form."""
    email = await new_account(stack)
    async with client_of(stack, address=address) as client:
        tokens = (await try_password(client, email, PASSWORD)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        seen.expect((await _change(client, PASSWORD, password)).status_code == 200, f"{password[:20]!r} is rejected")
        seen.expect((await try_password(client, email, password)).status_code == 200, f"{password[:20]!r} fails")
        for other in (password[:-1], password.strip() + "x", password.swapcase()):
            status = (await try_password(client, email, other)).status_code
            seen.expect(status == 401, f"{password[:20]!r} also opens the account when it is changed")


def _common() -> list[str]:
    lines = (Path(chimera.__file__).parent / "security" / "common_passwords.txt").read_text().splitlines()
    return list(islice((line for line in lines if line and not line.startswith("#")), COMMON))


async def _change(client: httpx2.AsyncClient, current: str, new: str) -> httpx2.Response:
    return await client.post(f"{API}/auth/password", json={"current_password": current, "new_password": new})


FINDINGS = (
    Finding(
        "S07",
        "Argon2id without truncation, and the 3,000 most common passwords on our list are rejected",
        what_is_taken,
    ),
)
