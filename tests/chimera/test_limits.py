"""Our own limits: by account, shared, and never in the way of a call that Redis can't be asked about."""

from uuid import uuid4

import pytest

from chimera.limits import ProviderLimits
from chimera.settings import Settings
from models.errors import RateLimited


def limits(settings: Settings, **changes: object) -> ProviderLimits:
    return ProviderLimits(settings.model_copy(update=changes))


def account() -> str:
    return f"openai:{uuid4().hex}"


async def test_workers_share_the_requests_of_an_account(run_settings: Settings) -> None:
    one, other = (limits(run_settings, requests_per_minute={"openai": 3}) for _ in range(2))
    mine, anothers = account(), account()
    for worker in (one, other, one):
        await worker.take(mine, 1)
    with pytest.raises(RateLimited, match="3 requests a minute for 'openai'") as refused:
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
        with pytest.raises(RateLimited, match="1000 tokens a minute"):
            await both.take(mine, 600)
    await both.take(mine, 300)
    await both.take(mine, 100)
    with pytest.raises(RateLimited, match="3 requests a minute"):
        await both.take(mine, 0)


async def test_a_call_that_is_larger_than_the_limit_takes_a_whole_minute(run_settings: Settings) -> None:
    small = limits(run_settings, tokens_per_minute={"openai": 100})
    mine = account()
    await small.take(mine, 5000)
    with pytest.raises(RateLimited) as refused:
        await small.take(mine, 50)
    assert (refused.value.retry_after_s or 0) >= 30


async def test_calls_that_are_refused_together_come_back_apart(run_settings: Settings) -> None:
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
