"""S46: request rates per user, key and address, over four API processes, with forged addresses and a lost Redis."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import psutil
from redis.asyncio import Redis

from benchmarks.security.accounts import signed_in
from benchmarks.security.finding import API, Finding, Seen
from chimera.limits.rates import REPORT_S
from chimera.local.surroundings import of_settings
from tests.faults.lab import crash, revive
from tests.ports import free_port
from tests.stack import Stack

PROCESSES = 4
LIMIT = 600
REQUESTS = 1500
AT_ONCE = 40
EXACT = 0.05
NAMES = 10_000
MOST_GROWN_BYTES = 40 * 1024 * 1024
START_S = 300.0

Headers = Callable[[int], dict[str, str]]


async def shared_rates(stack: Stack) -> Seen:
    """Check each kind of limit over four processes; another user must never be affected."""
    seen, limits = Seen(), {"max_requests_per_minute": LIMIT, "max_key_requests_per_minute": LIMIT // 2}
    limits["max_anonymous_requests_per_minute"] = LIMIT
    async with (
        signed_in(stack, address="127.0.46.1") as one,
        signed_in(stack, address="127.0.46.2") as other,
        processes(stack, PROCESSES, **limits) as urls,
    ):
        token = {"Authorization": one.headers["Authorization"]}
        made = await one.post(f"{API}/auth/api-keys", json={"name": "one", "scopes": ["read"]})
        key = {"X-Api-Key": made.raise_for_status().json()["key"]}
        await _exact(seen, "of a key", urls, lambda _: key, LIMIT // 2, address="127.0.46.3")
        # The key's requests count toward its user's limit.
        await _exact(seen, "of its user", urls, lambda _: token, LIMIT - LIMIT // 2, address="127.0.46.4")
        await _exact(seen, "of an address", urls, lambda number: _forged(number), LIMIT, address="127.0.46.5")
        await _exact(seen, "of wrong tokens", urls, _guess, LIMIT, address="127.0.46.6")
        async with _client(urls[0], "127.0.46.5") as client:
            answer = await client.get(f"{API}/tasks", headers={"Authorization": other.headers["Authorization"]})
            seen.expect(answer.status_code == 200, f"another user at the same address receives {answer.status_code}")
    return seen


async def many_addresses(stack: Stack) -> Seen:
    """Send one request from each of 10,000 addresses that a listed proxy reports: all are taken, and forgotten."""
    seen = Seen()
    limits = {"max_anonymous_requests_per_minute": 10, "trusted_proxies": ("127.0.46.8",)}
    async with processes(stack, 1, **limits) as urls:
        own = psutil.Process(_listener(urls[0]))
        await _codes(urls, lambda number: _forged(number), 500, "127.0.46.8")
        before = own.memory_info().rss
        codes = await _codes(urls, lambda number: _forged(number + 1000), NAMES, "127.0.46.8")
        grown = own.memory_info().rss - before
        seen.trials += codes.total()
        seen.expect(codes[429] == 0, f"{codes[429]} requests from different addresses were rejected")
        seen.expect(grown < MOST_GROWN_BYTES, f"the process grew by {grown >> 20} MiB")
        seen.figures |= {"addresses": NAMES, "grown by MiB": round(grown / 2**20, 1)}
        codes = await _codes(urls, lambda number: _forged(number), 100, "127.0.46.9")
        taken = codes.total() - codes[429]
        seen.expect(taken == 10, f"{taken} requests of a sender that isn't listed were taken")
    return seen


async def without_redis(stack: Stack) -> Seen:
    """Empty Redis again and again, then kill it: the process's own count decides, and nothing fails."""
    seen = Seen()
    async with (
        signed_in(stack, address="127.0.46.10") as one,
        processes(stack, 1, max_requests_per_minute=LIMIT) as urls,
    ):
        token = {"Authorization": one.headers["Authorization"]}
        emptying = asyncio.create_task(_keep_emptying(stack))
        await _exact(seen, "with an emptied Redis", urls, lambda _: token, LIMIT, address="127.0.46.11")
        emptying.cancel()
        await asyncio.gather(emptying, return_exceptions=True)
    redis = stack.parts["redis"]
    async with (
        signed_in(stack, address="127.0.46.12") as one,
        processes(stack, 1, max_requests_per_minute=LIMIT) as urls,
    ):
        token = {"Authorization": one.headers["Authorization"]}
        await _forget_ended_processes(stack)
        await crash(redis)
        try:
            # Each process admits its share. The other one is the stack's own API.
            await _exact(seen, "without Redis", urls, lambda _: token, LIMIT // 2, address="127.0.46.13")
        finally:
            await revive(redis)
    return seen


@asynccontextmanager
async def processes(stack: Stack, number: int, **changes: object) -> AsyncIterator[list[str]]:
    """Run more API processes of the same installation, with other settings; yield their addresses."""
    async with AsyncExitStack() as running:
        ports = [free_port() for _ in range(number)]
        for port in ports:
            settings = stack.settings.model_copy(update={**changes, "api_port": port})
            command = [sys.executable, "-m", "api"]
            environment = {**os.environ, **of_settings(settings), "CHIMERA_READY_FILE": ""}
            process = subprocess.Popen(  # noqa: ASYNC220
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            running.callback(_end, process)
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url in urls:
            await _until_up(url)
        yield urls


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()


async def _until_up(url: str) -> None:
    async with asyncio.timeout(START_S), httpx2.AsyncClient(base_url=url) as client:
        while True:
            try:
                if (await client.get("/health/live")).is_success:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)


async def _exact(seen: Seen, what: str, urls: list[str], headers: Headers, limit: int, *, address: str) -> None:
    """Send many requests to all processes at once; check that they admit the limit, give or take 5 %."""
    codes = await _codes(urls, headers, REQUESTS, address)
    taken = codes.total() - codes[429]
    seen.trials += codes.total()
    seen.figures[what] = f"{taken} of {limit}"
    seen.expect(abs(taken - limit) <= EXACT * limit, f"{what}: {taken} requests were taken, not {limit}")
    seen.expect(not any(code >= 500 for code in codes), f"{what}: {dict(codes)}")


async def _codes(urls: list[str], headers: Headers, number: int, address: str) -> Counter[int]:
    codes: Counter[int] = Counter()
    numbers = iter(range(number))

    async def send(client: httpx2.AsyncClient) -> None:
        for each in numbers:
            codes[(await client.get(f"{API}/tasks", headers=headers(each))).status_code] += 1

    async with AsyncExitStack() as open_clients:
        clients = [await open_clients.enter_async_context(_client(url, address)) for url in urls]
        await asyncio.gather(*(send(clients[index % len(clients)]) for index in range(AT_ONCE)))
    return codes


def _client(url: str, address: str) -> httpx2.AsyncClient:
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    return httpx2.AsyncClient(transport=transport, base_url=url, timeout=60)


def _forged(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"}


def _guess(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer guess-{number}", **_forged(number)}


def _listener(url: str) -> int:
    port = int(url.rpartition(":")[2])
    for process in psutil.Process().children():
        if any(each.laddr.port == port for each in process.net_connections(kind="inet")):
            return process.pid
    raise RuntimeError(f"no process listens on {url}")


async def _forget_ended_processes(stack: Stack) -> None:
    """Empty Redis, and wait until the running processes have reported themselves and have read how many there are."""
    async with Redis.from_url(stack.redis_admin_url) as client:
        await client.flushall()
    await asyncio.sleep(3 * REPORT_S)


async def _keep_emptying(stack: Stack) -> None:
    async with Redis.from_url(stack.redis_admin_url) as client:
        while True:
            await client.flushall()
            await asyncio.sleep(0.3)


FINDINGS = (
    Finding("S46a", "request rates of users, keys and addresses hold over four processes", shared_rates),
    Finding("S46b", "only a listed proxy reports addresses, and 10,000 of them take little memory", many_addresses),
    Finding("S46c", "request rates hold while Redis is emptied or down", without_redis),
)
