"""Provider health shared between workers: wait times and unavailability, with the real Redis and without."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from chimera.config.settings import Settings
from chimera.providers.health.accounts import ProviderHealth
from chimera.providers.health.circuit_breaker import Asker, asker_of
from chimera.providers.health.shared import SharedHealth
from models.errors import (
    InternalFailure,
    ModelLoading,
    Overloaded,
    ProviderAway,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    TookTooLong,
    Unreachable,
    WrongKey,
)
from tests.until import until_true

FAILURES = 3
PROBE_S = 30.0
"""Long enough that no probe is due until a test makes it due."""
NO_REDIS = "redis://127.0.0.1:9/0"
ALICE, BOB = asker_of("alice", "task"), asker_of("bob", "task")


@asynccontextmanager
async def workers(settings: Settings, number: int = 1, **changes: object) -> AsyncIterator[list[ProviderHealth]]:
    wanted = {"breaker_failures": FAILURES, "breaker_probe_s": PROBE_S, **changes}
    opened = [ProviderHealth(settings.model_copy(update=wanted)) for _ in range(number)]
    try:
        yield opened
    finally:
        await asyncio.gather(*(each.close() for each in opened))


def account() -> str:
    return f"openai:{uuid4().hex}"


async def fail(
    health: ProviderHealth,
    account: str,
    times: int = FAILURES,
    *,
    asker: Asker = ALICE,
    error: type[ProviderError] = Unreachable,
) -> None:
    for _ in range(times):
        await failed(health, account, error("503"), asker)


async def failed(health: ProviderHealth, account: str, error: ProviderError, asker: Asker = ALICE) -> ProviderError:
    return await health.failed(account, asker, error, began_at=health.clock())


async def is_open(health: ProviderHealth, account: str, asker: Asker = ALICE) -> bool:
    try:
        await health.admit(account, asker)
    except (ProviderAway, RateLimited):
        return False
    return True


async def let_the_next_probe_be_due(settings: Settings, account: str) -> None:
    async with Redis.from_url(settings.redis_url or "") as redis:
        assert await redis.delete(f"chimera:probe:{account}") == 1


async def test_a_providers_retry_time_holds_for_all_workers(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine, ALICE)
        failure = await failed(one, mine, RateLimited("later", retry_after_s=1000))
        assert 1000 < (failure.retry_after_s or 0) < 1300
        await until_true(lambda: refused(other, mine))
        with pytest.raises(RateLimited) as waits:
            await other.admit(mine, ALICE)
        assert 900 < (waits.value.retry_after_s or 0) < 1300
        await other.admit(account(), ALICE)


async def refused(health: ProviderHealth, account: str) -> bool:
    return not await is_open(health, account)


async def test_a_worker_that_comes_later_obeys_too(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        await failed(one, mine, RateLimited("later", retry_after_s=30))
    async with workers(run_settings) as (late,):
        with pytest.raises(RateLimited):
            await late.admit(mine, ALICE)


async def test_a_shorter_wait_never_replaces_a_longer(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await failed(one, mine, RateLimited("later", retry_after_s=30))
        await failed(other, mine, RateLimited("later", retry_after_s=1))
        late = (await one.look([mine]))[mine]
        assert late.wait_s > 20


async def test_repeated_failures_open_the_circuit_breaker(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine, ALICE)
        await fail(one, mine, FAILURES - 1)
        assert await is_open(one, mine)
        failure = await failed(one, mine, Unreachable("503"))
        assert isinstance(failure, ProviderAway)
        assert "503" in failure.message
        assert not await is_open(one, mine)
        await until_true(lambda: refused(other, mine))
        assert "unavailable since" in (await other.look([mine]))[mine].note


async def test_a_server_that_loads_a_model_is_there(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        await fail(one, mine, FAILURES)
        assert not await is_open(one, mine)
        failure = await failed(one, mine, ModelLoading("Loading model", retry_after_s=100))
        assert (type(failure), failure.retry_after_s) == (ModelLoading, 100)
        await fail(one, mine, 2 * FAILURES, error=ModelLoading)
        assert await is_open(one, mine)


async def test_failures_of_several_workers_add_up(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 3) as opened:
        for each in opened:
            await fail(each, mine, 1)
        assert not await is_open(opened[-1], mine)


async def test_one_call_at_a_time_probes_the_provider(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine, ALICE)
        await fail(one, mine)
        await until_true(lambda: refused(other, mine))
        for _ in range(3):
            await let_the_next_probe_be_due(run_settings, mine)
            asked = await asyncio.gather(*(is_open(each, mine) for each in (one, other, one, other)))
            assert sum(asked) == 1


async def test_the_first_answer_opens_the_way_for_all(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine, ALICE)
        await fail(one, mine)
        await until_true(lambda: refused(other, mine))
        one.answered(mine)
        assert await is_open(one, mine)
        await until_true(lambda: both_open(other, mine))


async def both_open(health: ProviderHealth, account: str) -> bool:
    """Return whether two calls in a row are admitted. A single one might be a probe."""
    return await is_open(health, account) and await is_open(health, account)


async def test_failures_count_only_without_answers_meanwhile(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        before = one.clock()
        one.answered(mine)
        for _ in range(2 * FAILURES):
            await one.failed(mine, ALICE, ProviderTimeout("silence"), began_at=before)
        assert await is_open(one, mine)


@pytest.mark.parametrize("error", [InternalFailure("500"), TookTooLong("300 s"), WrongKey("401")])
async def test_a_calls_own_error_does_not_affect_provider_health(run_settings: Settings, error: Overloaded) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        for _ in range(2 * FAILURES):
            assert await failed(one, mine, error) is error
        assert await is_open(one, mine)


async def test_a_possibly_billed_prompt_counts_as_an_attempt(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        silence = ProviderTimeout("silence", may_be_billed=True)
        failure = [await failed(one, mine, silence) for _ in range(FAILURES)]
        assert set(failure) == {silence}
        assert (silence.retry_after_s or 0) >= PROBE_S


async def test_without_redis_a_worker_tracks_health_alone(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, redis_url=NO_REDIS) as (alone,):
        await fail(alone, mine)
        assert not await is_open(alone, mine)
        alone._known[mine].probe_at = 0.0
        assert await is_open(alone, mine)
        assert not await is_open(alone, mine)
        alone.answered(mine)
        assert await both_open(alone, mine)
        await failed(alone, mine, RateLimited("later", retry_after_s=9))
        assert not await is_open(alone, mine)
        assert await alone.look([mine]) == {}


async def test_a_late_redis_causes_no_second_read(run_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(*args: object, **more: object) -> bool:
        raise TimeoutError

    mine = account()
    async with workers(run_settings, 2) as (one, other):
        await other.admit(mine, ALICE)
        await fail(one, mine)
        await until_true(lambda: refused(other, mine))
        other._known[mine].probe_at = 0.0
        # Both workers know from Redis when the next probe is due. Then Redis doesn't respond to one of them in time.
        assert not await is_open(other, mine)
        monkeypatch.setattr(other._shared, "take_probe", late)
        assert not await is_open(other, mine)
        other._known[mine].probe_at = 0.0
        assert await is_open(other, mine)


@pytest.mark.parametrize("error", [Overloaded, ProviderTimeout])
async def test_one_users_failures_block_no_other(run_settings: Settings, error: type[ProviderError]) -> None:
    mine = account()
    async with workers(run_settings, 2) as (one, other):
        for number in range(2 * FAILURES):
            await fail(one, mine, 1, asker=asker_of("alice", f"task {number}"), error=error)
        assert not await is_open(one, mine, asker_of("alice", "another task"))
        assert all([await is_open(each, mine, BOB) for each in (one, other) for _ in range(3)])
        seen = (await other.look([mine]))[mine]
        assert not seen.is_away
        assert "failing for one user since" in seen.note


async def test_failures_of_one_task_hold_only_that_task(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        await fail(one, mine, error=Overloaded)
        assert not await is_open(one, mine)
        assert all([await is_open(one, mine, asker_of("alice", "another task")) for _ in range(3)])


async def test_failures_of_one_node_hold_only_that_node(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        await fail(one, mine, asker=asker_of("alice", "task", "poison"), error=Overloaded)
        assert not await is_open(one, mine, asker_of("alice", "task", "poison"))
        assert all([await is_open(one, mine, asker_of("alice", "task", "sound")) for _ in range(3)])


async def test_failures_of_two_users_block_all(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings) as (one,):
        await fail(one, mine, FAILURES - 1, error=Overloaded)
        failure = await failed(one, mine, Overloaded("503"), BOB)
        assert isinstance(failure, ProviderAway)
        assert not await is_open(one, mine)
        assert not await is_open(one, mine, BOB)


async def test_a_user_without_failures_looks_first(run_settings: Settings) -> None:
    mine, carol = account(), asker_of("carol", "task")
    async with workers(run_settings, breaker_probe_s=30) as (one,):
        await fail(one, mine, error=Overloaded)
        await fail(one, mine, error=Overloaded, asker=BOB)
        assert [await is_open(one, mine, each) for each in (ALICE, BOB, carol, carol)] == [False, False, True, False]
        one.answered(mine)
        assert await is_open(one, mine)


async def test_any_answer_closes_the_breaker_for_all(run_settings: Settings) -> None:
    mine = account()
    async with workers(run_settings, 2, breaker_probe_s=30) as (one, other):
        await one.admit(mine, ALICE)
        await fail(one, mine, error=Overloaded)
        await until_true(lambda: refused(one, mine))
        assert await is_open(other, mine, BOB)
        assert not await is_open(other, mine)
        other.answered(mine)
        await until_true(lambda: both_open(one, mine))


def two_hours(ahead: float) -> Callable[[], float]:
    return lambda: time.time() + ahead * 7200


@pytest.mark.parametrize("ahead", [1, -1])
async def test_clocks_that_differ_change_no_wait(run_settings: Settings, ahead: int) -> None:
    mine = account()
    skewed, right = (ProviderHealth(run_settings, clock=clock) for clock in (two_hours(ahead), two_hours(0)))
    try:
        await right.admit(mine, ALICE)
        await failed(skewed, mine, RateLimited("later", retry_after_s=1000))
        await until_true(lambda: refused(right, mine))
        with pytest.raises(RateLimited) as waits:
            await right.admit(mine, ALICE)
        assert 0 < (waits.value.retry_after_s or 0) < 1300
        await fail(skewed, mine, 5)
        assert 0 <= (await right.look([mine]))[mine].failing_s < 1800
        skewed.answered(mine)
    finally:
        await asyncio.gather(skewed.close(), right.close())


async def test_nothing_is_kept_longer_than_asked(run_settings: Settings) -> None:
    """As if Redis's own clock had been set back: entries that expire by this clock would stay for two hours more."""
    mine = account()
    async with workers(run_settings, 2) as (one, late), Redis.from_url(run_settings.redis_url or "") as redis:
        await failed(one, mine, RateLimited("later", retry_after_s=3))
        await redis.pexpire(f"chimera:wait:{mine}", 7_200_000)
        assert (await late.look([mine]))[mine].wait_s <= 3
        assert await redis.pttl(f"chimera:wait:{mine}") <= 3000
        await fail(one, mine)
        await redis.pexpire(f"chimera:probe:{mine}", 7_200_000)
        assert await SharedHealth(run_settings.redis_url or "").take_probe(mine, PROBE_S, is_new=False)
