"""S04: revoked rights, and everything that was open or stored with them, while Redis is up, emptied and down."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx2
from httpx2.websockets import AsyncWebSocketClient, WebSocketDisconnect
from redis.asyncio import Redis

from benchmarks.security.accounts import rows
from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account, try_password
from benchmarks.security.rights import BUSY_S, LATER, SOON_S
from tests.faults.lab import crash, revive
from tests.stack import Stack

LIMIT_S = SOON_S + BUSY_S
LONG = "[[sim: tokens=600; drip=60]]"


async def log_out(client: httpx2.AsyncClient, _stack: Stack, _email: str) -> None:
    (await client.post(f"{API}/auth/logout")).raise_for_status()


async def change_password(client: httpx2.AsyncClient, _stack: Stack, _email: str) -> None:
    body = {"current_password": PASSWORD, "new_password": f"{PASSWORD} again"}
    (await client.post(f"{API}/auth/password", json=body)).raise_for_status()


def in_rows(statement: str) -> Callable[[httpx2.AsyncClient, Stack, str], Awaitable[None]]:
    async def change(_client: httpx2.AsyncClient, stack: Stack, email: str) -> None:
        await rows(stack, f"{statement} WHERE email = :email", email=email)

    return change


CHANGES = {
    "logout": log_out,
    "password changed": change_password,
    "disabled": in_rows("UPDATE users SET disabled_at = now()"),
    "demoted": in_rows("UPDATE users SET role = 'user'"),
    "deleted": in_rows("DELETE FROM users"),
}
KEEPS_KEYS = frozenset({"logout", "password changed"})


async def taken_away(stack: Stack) -> Seen:
    """Revoke administrators' rights while they read another user's task by REST, socket and stream, then refresh."""
    seen = Seen()
    task = (await stack.api.post(f"{API}/tasks", json={"goal": LONG, "start": False})).json()["id"]
    redis = stack.parts["redis"]
    for state in ("there", "emptied", "away"):
        emails = {what: await new_account(stack, "admin") for what in CHANGES}
        if state == "away":
            await crash(redis)
        took = await asyncio.gather(
            *(_one(stack, seen, what, state, emails[what], task, number) for number, what in enumerate(CHANGES))
        )
        if state == "away":
            await revive(redis)
        seen.figures[f"longest with Redis {state}, s"] = round(max(took), 1)
    seen.decisions += [LATER, "API keys outlive sessions and passwords: they end with the account, its role or the key"]
    return seen


async def _one(stack: Stack, seen: Seen, what: str, state: str, email: str, task: str, number: int) -> float:
    async with client_of(stack, address=f"127.0.20.{number + 1}") as client:
        tokens = (await try_password(client, email, PASSWORD)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        opened = [asyncio.Event(), asyncio.Event()]
        key = await _new_key(client)
        open_ones = [
            asyncio.create_task(_socket(client, task, opened[0])),
            asyncio.create_task(_stream(client, task, opened[1])),
        ]
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.wait() for each in opened))
        await CHANGES[what](client, stack, email)
        began = time.monotonic()
        if state == "emptied":
            keys = await emptied(stack)
            seen.expect(keys == 0, f"Redis still has {keys} keys")
        rest = await _until_refused(client, f"{API}/tasks/{task}", began)
        done, left = await asyncio.wait(open_ones, timeout=max(0.1, LIMIT_S - (time.monotonic() - began)))
        for each in left:
            each.cancel()
        refreshed = await client.post(f"{API}/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        again = await client.get(f"{API}/tasks/{task}")
        async with client_of(stack, address=f"127.0.20.{number + 1}", token=key) as program:
            by_key = (await program.get(f"{API}/tasks/{task}")).status_code
    seen.expect((by_key == 200) == (what in KEEPS_KEYS), f"{what}, Redis {state}: the API key gets {by_key}")
    seen.expect(rest < LIMIT_S, f"{what}, Redis {state}: REST continued")
    seen.expect(again.status_code in (401, 404), f"{what}, Redis {state}: REST was available again")
    for name, each in zip(("socket", "stream"), open_ones, strict=True):
        seen.expect(each in done, f"{what}, Redis {state}: the {name} continued")
    # A demoted account may still refresh its tokens.
    right = 200 if what == "demoted" else 401
    seen.expect(refreshed.status_code == right, f"{what}, Redis {state}: refresh {refreshed.status_code}")
    ended = [rest, *(each.result() - began for each in done if not each.exception())]
    return max(ended)


async def _new_key(client: httpx2.AsyncClient) -> str:
    answer = await client.post(f"{API}/auth/api-keys", json={"name": "a program", "scopes": ["read", "admin"]})
    answer.raise_for_status()
    return str(answer.json()["key"])


async def emptied(stack: Stack) -> int:
    """Empty Redis, and return how many keys are left before any process can write one again."""
    async with Redis.from_url(stack.redis_admin_url) as redis:
        both = redis.pipeline(transaction=True)
        both.flushall()
        both.dbsize()
        _, keys = await both.execute()
    return int(keys)


async def _until_refused(client: httpx2.AsyncClient, path: str, began: float) -> float:
    while time.monotonic() - began < LIMIT_S:
        if (await client.get(path)).status_code in (401, 404):
            break
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def _socket(client: httpx2.AsyncClient, task: str, opened: asyncio.Event) -> float:
    """Follow the task by WebSocket; return the time when the connection ended."""
    with suppress(WebSocketDisconnect):
        async with AsyncWebSocketClient(client).connect("/ws") as socket:
            await socket.receive_json()
            await socket.send_text(f'{{"type":"subscribe","topic":"run:{task}"}}')
            if (await socket.receive_json())["type"] != "subscribed":
                raise RuntimeError("an administrator can't subscribe")
            opened.set()
            while True:
                await socket.receive_json()
    return time.monotonic()


async def _stream(client: httpx2.AsyncClient, task: str, opened: asyncio.Event) -> float:
    async with client.stream("GET", f"{API}/tasks/{task}/events", timeout=None) as answer:
        async for _ in answer.aiter_lines():
            opened.set()
    return time.monotonic()


FINDINGS = (
    Finding(
        "S04",
        "REST, sockets, streams and refresh end within 5 s of lost rights, whatever the state of Redis",
        taken_away,
    ),
)
