"""Request rates of several API processes, with a real Redis that is emptied, stopped and started again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from chimera.config.settings import Settings
from chimera.limits import shared
from chimera.limits.rates import RateKind, Rates
from chimera.limits.shared import AWAY_S, SharedRedis
from models.errors import TooManyRequests
from tests.own_redis import OwnRedis, own_redis
from tests.until import LIMIT_S, until

LIMIT = 200


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def redis(starts_servers: None, patience: None) -> AsyncIterator[OwnRedis]:
    async with own_redis() as redis:
        yield redis


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rates(redis_url: str | None, clock: Clock, **limits: int) -> Rates:
    named = {"max_requests_per_minute": LIMIT, **limits}
    return Rates(Settings.model_validate(named), SharedRedis(redis_url, clock=clock), clock=clock)


async def admitted(each: Rates, who: str, times: int, kind: RateKind = RateKind.USER) -> int:
    count = 0
    for _ in range(times):
        try:
            await each.take(kind, who)
        except TooManyRequests:
            continue
        count += 1
    return count


async def test_processes_share_the_requests_of_a_user(redis: OwnRedis, clock: Clock) -> None:
    four = [rates(redis.url, clock) for _ in range(4)]
    mine, others = uuid4().hex, uuid4().hex
    counts = await asyncio.gather(*(admitted(each, mine, LIMIT) for each in four))
    assert 0.95 * LIMIT <= sum(counts) <= LIMIT
    assert await admitted(four[0], others, 10) == 10


async def test_simultaneous_requests_share_one_lease(redis: OwnRedis, clock: Clock) -> None:
    one, mine = rates(redis.url, clock, max_requests_per_minute=1000), uuid4().hex
    counts = await asyncio.gather(*(admitted(one, mine, 20) for _ in range(100)))
    assert 950 <= sum(counts) <= 1000


async def test_a_refusal_says_when_to_retry(redis: OwnRedis, clock: Clock) -> None:
    one, other, mine = rates(redis.url, clock), rates(redis.url, clock), uuid4().hex
    await admitted(one, mine, LIMIT)
    for each in (one, other):
        with pytest.raises(TooManyRequests, match="200 requests per minute") as refused:
            await each.take(RateKind.USER, mine)
        assert 1 <= (refused.value.retry_after_s or 0) <= 61
        assert refused.value.setting == "max_requests_per_minute"


async def test_kinds_are_counted_apart(redis: OwnRedis, clock: Clock) -> None:
    one, mine = rates(redis.url, clock, max_starts_per_minute=5), uuid4().hex
    assert await admitted(one, mine, 20, RateKind.START) == 5
    assert await admitted(one, mine, 20) == 20


async def test_zero_turns_a_limit_off(clock: Clock) -> None:
    one = rates(None, clock, max_requests_per_minute=0)
    assert await one.take(RateKind.USER, "alice") is None


async def test_an_emptied_redis_grants_nothing(redis: OwnRedis, clock: Clock) -> None:
    one, mine = rates(redis.url, clock), uuid4().hex
    taken = 0
    for _ in range(10):
        taken += await admitted(one, mine, 50)
        await redis.empty()
    assert taken == LIMIT


async def test_a_process_counts_alone_without_redis(redis: OwnRedis, clock: Clock) -> None:
    one, mine = rates(redis.url, clock), uuid4().hex
    assert await admitted(one, mine, 50) == 50
    await redis.stop()
    assert await admitted(one, mine, LIMIT) == LIMIT - 50
    assert await admitted(one, uuid4().hex, 10) == 10
    await redis.start()
    clock.now += AWAY_S + 1
    assert await admitted(one, mine, 50) == 0


async def test_processes_share_the_limit_without_redis(redis: OwnRedis, clock: Clock) -> None:
    four, mine = [rates(redis.url, clock) for _ in range(4)], uuid4().hex
    watching = [asyncio.create_task(each.watch()) for each in four]
    await until(lambda: four[3]._processes == 4)
    for task in watching:
        task.cancel()
    await redis.stop()
    for each in four:
        each._processes = 4
    assert [await admitted(each, mine, LIMIT) for each in four] == [LIMIT // 4] * 4
    await redis.start()


async def test_a_late_answer_is_not_lost(redis: OwnRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "WAIT_S", 0.05)
    one, mine = rates(redis.url, clock), uuid4().hex
    await one.take(RateKind.USER, uuid4().hex)
    with redis.frozen():
        await one.take(RateKind.USER, mine)
    lease = one._lease_of(RateKind.USER, mine, clock.now)
    await until(lambda: lease.left > 0)


async def test_a_frozen_redis_delays_one_request_briefly(
    redis: OwnRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "WAIT_S", 2.0)
    one = rates(redis.url, clock, max_requests_per_minute=50)
    await one.take(RateKind.USER, uuid4().hex)
    with redis.frozen():
        async with asyncio.timeout(LIMIT_S):
            assert await admitted(one, uuid4().hex, 50) == 50


async def test_ten_thousand_addresses_are_forgotten(clock: Clock) -> None:
    one = rates(None, clock)
    for network in ("192.0.2", "198.51.100", "203.0.113"):
        for index in range(10_000):
            await one.take(RateKind.ADDRESS, f"{network}.{index}")
        clock.now += 121
    assert len(one._own[RateKind.ADDRESS]) <= 20_000
