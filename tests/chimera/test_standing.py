"""What workers tell each other of a provider: times to wait, and that it is away. With the real Redis, and without."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from chimera.settings import Settings
from chimera.shared_standing import _probe_key
from chimera.standing import Standings
from models.errors import InternalFailure, Overloaded, ProviderAway, ProviderTimeout, RateLimited, TookTooLong, WrongKey
from tests.until import until_true

FAILURES = 3
PROBE_S = 30.0
"""So long that none is due before a test says so."""
NO_REDIS = "redis://127.0.0.1:9/0"


@asynccontextmanager
async def workers(settings: Settings, number: int = 1, **changes: object) -> AsyncIterator[list[Standings]]:
    wanted = {"breaker_failures": FAILURES, "breaker_probe_s": PROBE_S, **changes}
    opened = [Standings(settings.model_copy(update=wanted)) for _ in range(number)]
    try:
        yield opened
    finally:
        await asyncio.gather(*(each.close() for each in opened))


def account() -> str:
    return f"openai:{uuid4().hex}"


async def fail(standings: Standings, account: str, times: int = FAILURES) -> None:
    for _ in range(times):
        await standings.failed(account, Overloaded("503"), began_at=time.time())


async def is_open(standings: Standings, account: str) -> bool:
    try:
        await standings.admit(account)
    except (ProviderAway, RateLimited):
        return False
    return True


async def let_the_next_probe_be_due(settings: Settings, account: str) -> None:
    async with Redis.from_url(settings.redis_url or "") as redis:
        assert await redis.delete(_probe_key(account)) == 1


async def test_a_time_that_a_provider_names_holds_for_all_workers_and_their_calls(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine)
        told = await one.failed(mine, RateLimited("later", retry_after_s=1000), began_at=time.time())
        assert 1000 < (told.retry_after_s or 0) < 1300
        await until_true(lambda: refused(other, mine))
        with pytest.raises(RateLimited) as waits:
            await other.admit(mine)
        assert 900 < (waits.value.retry_after_s or 0) < 1300
        await other.admit(account())


async def refused(standings: Standings, account: str) -> bool:
    return not await is_open(standings, account)


async def test_a_worker_that_comes_later_obeys_too(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        await one.failed(mine, RateLimited("later", retry_after_s=30), began_at=time.time())
    async with workers(run_settings) as (late,):
        with pytest.raises(RateLimited):
            await late.admit(mine)


async def test_a_shorter_time_does_not_take_back_a_longer_one(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await one.failed(mine, RateLimited("later", retry_after_s=30), began_at=time.time())
        longer = (await one.look([mine]))[mine].wait_until
        await other.failed(mine, RateLimited("later", retry_after_s=1), began_at=time.time())
        assert (await one.look([mine]))[mine].wait_until == longer


async def test_after_some_failures_in_a_row_nobody_asks_any_more(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine)
        await fail(one, mine, FAILURES - 1)
        assert await is_open(one, mine)
        told = await one.failed(mine, Overloaded("503"), began_at=time.time())
        assert isinstance(told, ProviderAway)
        assert "503" in told.message
        assert not await is_open(one, mine)
        await until_true(lambda: refused(other, mine))
        assert "away since" in (await other.look([mine]))[mine].note()


async def test_failures_of_several_workers_add_up(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 3) as opened:
        for each in opened:
            await fail(each, mine, 1)
        assert not await is_open(opened[-1], mine)


async def test_one_call_at_a_time_looks_whether_the_provider_is_back(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine)
        await fail(one, mine)
        await until_true(lambda: refused(other, mine))
        for _ in range(3):
            await let_the_next_probe_be_due(run_settings, mine)
            asked = await asyncio.gather(*(is_open(each, mine) for each in (one, other, one, other)))
            assert sum(asked) == 1


async def test_the_first_answer_opens_the_way_for_all(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine)
        await fail(one, mine)
        await until_true(lambda: refused(other, mine))
        one.answered(mine)
        assert await is_open(one, mine)
        await until_true(lambda: both_open(other, mine))


async def both_open(standings: Standings, account: str) -> bool:
    """Twice at once: a single call might be the one that looks."""
    return await is_open(standings, account) and await is_open(standings, account)


async def test_a_failure_counts_only_while_nobody_is_answered(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        before = time.time()
        one.answered(mine)
        for _ in range(2 * FAILURES):
            await one.failed(mine, ProviderTimeout("silence"), began_at=before)
        assert await is_open(one, mine)


@pytest.mark.parametrize("error", [InternalFailure("500"), TookTooLong("300 s"), WrongKey("401")])
async def test_what_is_wrong_with_a_call_says_nothing_about_its_provider(
    run_settings: Settings, error: Overloaded
) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        for _ in range(2 * FAILURES):
            assert await one.failed(mine, error, began_at=time.time()) is error
        assert await is_open(one, mine)


async def test_a_prompt_that_may_be_billed_counts_as_an_attempt(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        silence = ProviderTimeout("silence", may_be_billed=True)
        told = [await one.failed(mine, silence, began_at=time.time()) for _ in range(FAILURES)]
        assert set(told) == {silence}
        assert (silence.retry_after_s or 0) >= PROBE_S


async def test_without_redis_a_worker_goes_by_what_it_sees(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, redis_url=NO_REDIS) as (alone,):
        await fail(alone, mine)
        assert not await is_open(alone, mine)
        alone._known[mine].probe_at = 0.0
        assert await is_open(alone, mine)
        assert not await is_open(alone, mine)
        alone.answered(mine)
        assert await both_open(alone, mine)
        await alone.failed(mine, RateLimited("later", retry_after_s=9), began_at=time.time())
        assert not await is_open(alone, mine)
        assert await alone.look([mine]) == {}
