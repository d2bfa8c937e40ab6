"""Our own rate limits: per account, shared by workers, and kept even if Redis fails, returns or loses its data."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from chimera.config.settings import Settings
from chimera.local import redis
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.supervisor import Supervised
from chimera.providers.limits.limiter import AWAY_SECONDS, ProviderLimits
from models.errors import RateLimited
from tests.parts import short_folder


def limits(settings: Settings, **changes: object) -> ProviderLimits:
    return ProviderLimits(settings.model_copy(update=changes))


def account() -> str:
    return f"openai:{uuid4().hex}"


async def test_workers_share_the_requests_of_an_account(run_settings: Settings) -> None:
    one, other = (limits(run_settings, requests_per_minute={"openai": 3}) for _ in range(2))
    mine, anothers = account(), account()
    for worker in (one, other, one):
        await worker.take(mine, 1)
    with pytest.raises(RateLimited, match="3 requests per minute for 'openai'") as refused:
        await other.take(mine, 1)
    assert 0.5 <= (refused.value.retry_after_s or 0) <= 90
    await other.take(anothers, 1)


async def test_a_provider_without_a_limit_is_asked_freely(run_settings: Settings) -> None:
    unlimited = limits(run_settings, requests_per_minute={"openai": 1}, redis_url="redis://127.0.0.1:9/0")
    for _ in range(3):
        await unlimited.take(f"local:{uuid4().hex}", 1000)


async def test_a_call_that_lacks_tokens_uses_up_no_request(run_settings: Settings) -> None:
    both = limits(run_settings, requests_per_minute={"openai": 3}, tokens_per_minute={"openai": 1000})
    mine = account()
    await both.take(mine, 600)
    for _ in range(5):
        with pytest.raises(RateLimited, match="1000 tokens per minute"):
            await both.take(mine, 600)
    await both.take(mine, 300)
    await both.take(mine, 100)
    with pytest.raises(RateLimited, match="3 requests per minute"):
        await both.take(mine, 0)


async def test_an_oversized_call_takes_a_whole_minute(run_settings: Settings) -> None:
    small = limits(run_settings, tokens_per_minute={"openai": 100})
    mine = account()
    await small.take(mine, 5000)
    with pytest.raises(RateLimited) as refused:
        await small.take(mine, 50)
    assert (refused.value.retry_after_s or 0) >= 30


async def test_calls_refused_together_get_different_waits(run_settings: Settings) -> None:
    one = limits(run_settings, requests_per_minute={"openai": 1})
    mine = account()
    await one.take(mine, 1)
    waits = set()
    for _ in range(5):
        with pytest.raises(RateLimited) as refused:
            await one.take(mine, 1)
        waits.add(round(refused.value.retry_after_s or 0))
    assert len(waits) > 1


async def test_without_redis_a_worker_counts_by_itself(run_settings: Settings) -> None:
    alone = limits(run_settings, requests_per_minute={"openai": 2}, redis_url="redis://127.0.0.1:9/0")
    mine = account()
    await alone.take(mine, 1)
    await alone.take(mine, 1)
    with pytest.raises(RateLimited):
        await alone.take(mine, 1)


class Clock:
    """A clock set by hand, so that a minute passes at once."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def let_through(worker: ProviderLimits, account: str, tries: int = 8) -> int:
    """Return how many of `tries` calls the limiter admits."""
    taken = 0
    for _ in range(tries):
        try:
            await worker.take(account, 1)
        except RateLimited:
            continue
        taken += 1
    return taken


@dataclass
class Rig:
    """Workers with a limit of six, a clock set by hand, and a Redis that can be frozen, emptied and stopped."""

    folder: Folder
    server: Supervised
    url: str
    clock: Clock
    workers: list[ProviderLimits]

    async def each_lets_through(self, account: str) -> list[int]:
        return [await let_through(worker, account) for worker in self.workers]

    def signal(self, name: signal.Signals) -> None:
        os.kill(self.server.pid or 0, name)

    async def forget(self) -> None:
        async with Redis.from_url(redis.admin_address(self.folder)) as client:
            await client.flushall()

    async def come_back(self) -> None:
        self.signal(signal.SIGCONT)
        self.clock.now += AWAY_SECONDS


@asynccontextmanager
async def rig(settings: Settings, number: int) -> AsyncIterator[Rig]:
    with short_folder() as path:
        folder = Folder.at(path)
        server = Supervised(redis.prepare(folder), folder, Register(folder), lambda line: None)
        await server.start()
        clock, url = Clock(), redis.address(folder)
        wanted = settings.model_copy(update={"requests_per_minute": {"openai": 6}, "redis_url": url})
        made = Rig(folder, server, url, clock, [ProviderLimits(wanted, clock=clock) for _ in range(number)])
        try:
            yield made
        finally:
            made.signal(signal.SIGCONT)
            for worker in made.workers:
                await worker.close()
            await server.stop()


async def test_one_worker_gets_no_fresh_minute_from_a_fault(settings: Settings) -> None:
    mine = account()
    async with rig(settings, 1) as made:
        worker = made.workers[0]
        assert await let_through(worker, mine, 4) == 4
        made.signal(signal.SIGSTOP)
        assert await let_through(worker, mine) == 2
        await made.come_back()
        assert await let_through(worker, mine) == 0
        await made.forget()
        assert await let_through(worker, mine) == 0
        made.clock.now += 61
        assert await let_through(worker, mine) == 6


async def test_two_workers_keep_to_the_limit_through_a_freeze(settings: Settings) -> None:
    mine = account()
    async with rig(settings, 2) as made:
        for worker in 2 * made.workers:
            await worker.take(mine, 1)
        made.signal(signal.SIGSTOP)
        # The second worker read Redis later, so it knows about every call that the first one admitted.
        assert sum(await made.each_lets_through(mine)) <= 2
        made.clock.now += 61
        assert await made.each_lets_through(mine) == [3, 3]
        await made.come_back()
        assert await made.each_lets_through(mine) == [0, 0]
        made.clock.now += 61
        assert sum(await made.each_lets_through(mine)) == 6


async def test_an_emptied_redis_gives_no_fresh_minute(settings: Settings) -> None:
    mine = account()
    async with rig(settings, 2) as made:
        one, other = made.workers
        for worker in (one, one, one, one, other, other, one):
            await let_through(worker, mine, 1)
        await made.forget()
        assert await made.each_lets_through(mine) == [0, 0]


async def test_workers_with_different_clocks_share_a_minute(run_settings: Settings) -> None:
    mine, changes = account(), {"requests_per_minute": {"openai": 3}}
    ahead = Clock()
    ahead.now += 7200
    one, other = (ProviderLimits(run_settings.model_copy(update=changes), clock=clock) for clock in (Clock(), ahead))
    assert [await let_through(each, mine, 2) for each in (one, other)] == [2, 1]
    await asyncio.gather(one.close(), other.close())
