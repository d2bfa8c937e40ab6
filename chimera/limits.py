"""Our own limits on how often a provider is asked, shared by all workers through Redis.

Nobody waits here: a call that finds no place is refused with the time to come back, and Temporal brings it back then,
so no worker slot is held. While Redis is away each worker keeps a count of its own instead of letting all through.

A call counts with the tokens that it may need at most, as vendors count; what it didn't need isn't given back, so that
one call is one look at the limit.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import uniform

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from chimera.settings import Settings
from models.errors import RateLimited

MINUTE = 60.0
AWAY_SECONDS = 2.0
"""After a failure Redis is left alone this long, so that a dead Redis costs no call its time."""


@dataclass(frozen=True, slots=True)
class _Share:
    """What a call takes of one limit."""

    item: RateLimitItem
    unit: str
    cost: int


class ProviderLimits:
    """Requests and tokens a minute by provider, as the settings say, each of its accounts with a count of its own."""

    def __init__(self, settings: Settings) -> None:
        self._requests = _items(settings.requests_per_minute)
        self._tokens = _items(settings.tokens_per_minute)
        self._shared: SlidingWindowCounterRateLimiter | None = None
        if (self._requests or self._tokens) and settings.redis_url:
            storage = RedisStorage(
                _storage_uri(settings.redis_url),
                implementation="redispy",
                socket_timeout=1.0,
                socket_connect_timeout=1.0,
            )
            self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._away_until = 0.0

    async def take(self, account: str, tokens: int) -> None:
        """Take a place for one call of at most `tokens`. Raises RateLimited with the seconds until there is one."""
        shares = self._shares(account.partition(":")[0], tokens)
        if not shares:
            return
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                await _take(self._shared, account, shares)
            except (RedisError, OSError):
                self._away_until = time.monotonic() + AWAY_SECONDS
            else:
                return
        await _take(self._own, account, shares)

    def _shares(self, provider: str, tokens: int) -> list[_Share]:
        shares = []
        if (requests := self._requests.get(provider)) is not None:
            shares.append(_Share(requests, "requests", 1))
        if (allowed := self._tokens.get(provider)) is not None:
            # A call that is larger than the limit takes all of a minute: it would never go otherwise.
            shares.append(_Share(allowed, "tokens", min(tokens, allowed.amount)))
        return shares


async def _take(limiter: SlidingWindowCounterRateLimiter, account: str, shares: list[_Share]) -> None:
    # Looked at before anything is taken: a call that lacks tokens uses up no request at each of its tries.
    for share in shares[1:]:
        if not await limiter.test(share.item, share.unit, account, cost=share.cost):
            raise await _refusal(limiter, account, share)
    for share in shares:
        if not await limiter.hit(share.item, share.unit, account, cost=share.cost):
            raise await _refusal(limiter, account, share)


async def _refusal(limiter: SlidingWindowCounterRateLimiter, account: str, share: _Share) -> RateLimited:
    window = await limiter.get_window_stats(share.item, share.unit, account)
    # The window tells when the next single place is free; a share of many takes as long as the limit needs for them.
    wait_s = max(0.5, window.reset_time - time.time(), MINUTE * share.cost / share.item.amount)
    return RateLimited(
        f"The limit of {share.item.amount} {share.unit} a minute for {account.partition(':')[0]!r} is reached.",
        # Not all at once.
        retry_after_s=uniform(wait_s, 1.5 * wait_s),  # noqa: S311
    )


def _items(amounts: Mapping[str, int]) -> dict[str, RateLimitItem]:
    return {provider: RateLimitItemPerMinute(amount) for provider, amount in amounts.items()}


def _storage_uri(redis_url: str) -> str:
    """The address as `limits` writes it: an asynchronous one, with a scheme of its own for a Unix socket."""
    return "async+redis+" + redis_url if redis_url.startswith("unix:") else "async+" + redis_url
