"""S12: API keys in headers, URLs and cookies, what they may do, and what is stored of them."""

from typing import Any
from uuid import uuid4

import httpx2

from benchmarks.security.accounts import rows, signed_in
from benchmarks.security.finding import API, Finding, Seen, client_of
from tests.stack import Stack

NAMES = ("api_key", "apikey", "key", "token", "access_token", "authorization", "x-api-key")
SCOPES = ("read", "write", "openai", "admin")
READ, WRITE, OPENAI, ADMIN, NEVER = {"read", "write"}, {"write"}, {"write", "openai"}, {"admin"}, set[str]()
REQUESTS: tuple[tuple[str, str, dict[str, Any] | None, set[str]], ...] = (
    ("GET", "/auth/me", None, READ),
    ("GET", "/tasks", None, READ),
    ("GET", f"/tasks/{uuid4()}", None, READ),
    ("GET", "/agents", None, READ),
    ("POST", "/schedules/preview", {"interval_s": 60}, READ),
    ("POST", "/tasks", {"goal": "x", "start": False}, WRITE),
    ("PUT", "/policy", {"rules": []}, WRITE),
    ("DELETE", f"/files/{uuid4()}", None, WRITE),
    ("GET", "/users", None, ADMIN),
    ("GET", "/audit", None, ADMIN),
    ("POST", "/codec", {}, ADMIN),
    ("POST", "/auth/api-keys", {"name": "x", "scopes": ["read"]}, NEVER),
    ("POST", "/auth/password", {"current_password": "x", "new_password": "x"}, NEVER),
    ("PUT", "/auth/me", {"name": "x"}, NEVER),
    ("DELETE", "/auth/sessions", None, NEVER),
    ("POST", "/auth/logout", None, NEVER),
    ("POST", f"/users/{uuid4()}/password-reset", None, NEVER),
    ("POST", f"/users/{uuid4()}/api-keys", {"name": "x", "scopes": ["read"]}, NEVER),
    ("DELETE", f"/users/{uuid4()}/api-keys/{uuid4()}", None, NEVER),
    ("POST", "/invitations", {"role": "admin"}, NEVER),
    ("DELETE", f"/invitations/{uuid4()}", None, NEVER),
)
"""Requests of an administrator, and the scopes of which a key needs one."""


async def keys(stack: Stack) -> Seen:
    """Use keys with each scope in both headers, in URLs and in cookies, and look for them in the database."""
    seen, secrets = Seen(), list[str]()
    async with signed_in(stack, "admin") as owner, client_of(stack, address="127.0.31.1") as program:
        for scope in SCOPES:
            key = await _new(owner, scope)
            secrets.append(key.rpartition("_")[2])
            await _scopes(seen, program, key, scope)
            await _places(seen, program, key)
        listed = (await owner.get(f"{API}/auth/api-keys")).text + (await owner.get(f"{API}/audit")).text
        seen.expect(not any(secret in listed for secret in secrets), "a key is shown twice")
        mine, other = await _new(owner, "read"), await _new(owner, "write")
        for headers in (
            {"Authorization": f"Bearer {mine}", "X-Api-Key": other},
            {"Authorization": owner.headers["Authorization"], "X-Api-Key": mine},
        ):
            status = (await program.get(f"{API}/auth/me", headers=headers)).status_code
            seen.expect(status in (400, 401), f"two credentials: {status}")
    tables = [
        row["name"] for row in await rows(stack, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    ]
    for table in tables:
        for secret in secrets:
            found = await rows(
                stack, f'SELECT count(*) AS n FROM "{table}" t WHERE t::text LIKE :secret', secret=f"%{secret}%"
            )
            seen.expect(found[0]["n"] == 0, f"a key is stored in {table}")
    return seen


async def _scopes(seen: Seen, program: httpx2.AsyncClient, key: str, scope: str) -> None:
    for method, path, body, needs in REQUESTS:
        verdicts = set()
        for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}):
            answer = await program.request(method, f"{API}{path}", json=body, headers=headers)
            verdicts.add(answer.status_code)
        may = scope in needs
        seen.expect(len(verdicts) == 1, f"{method} {path}: {sorted(verdicts)} by header")
        seen.expect((403 not in verdicts) == may, f"{method} {path} with {scope!r}: {sorted(verdicts)}")


async def _places(seen: Seen, program: httpx2.AsyncClient, key: str) -> None:
    for name in NAMES:
        for answer in (
            await program.get(f"{API}/auth/me", params={name: key}),
            await program.get(f"{API}/auth/me", headers={"Cookie": f"{name}={key}"}),
        ):
            seen.expect(answer.status_code == 401, f"a key as {name}: {answer.status_code}")


async def _new(owner: httpx2.AsyncClient, scope: str) -> str:
    answer = await owner.post(f"{API}/auth/api-keys", json={"name": "a program", "scopes": [scope]})
    answer.raise_for_status()
    return str(answer.json()["key"])


FINDINGS = (Finding("S12", "API keys: same verdict in both headers, no other place, stored hashed", keys),)
