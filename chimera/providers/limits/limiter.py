"""Our own rate limits on providers, shared by all workers through Redis.

Calls don't wait here. A call without a free slot is rejected with the time to retry, and Temporal retries it then, so
it doesn't occupy a worker slot.

In addition to the shared count, each worker always keeps its own count of the calls that it admits, so neither losing
Redis nor getting it back grants a fresh minute. While Redis is unavailable, and for a minute longer, a worker keeps to
its share of the limit, based on the last known number of workers. For the first minute without reports from Redis, it
also leaves room for what the other workers had used.

Each call counts as the maximum number of tokens that it may need, as vendors count. Unused tokens aren't given back, so
each call accesses the limit only once.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import uniform

from redis.exceptions import RedisError

from chimera.config.settings import Settings
from chimera.providers.limits.shared import SharedLimits, SlotOutcome
from chimera.providers.limits.windows import KEPT_S, UNITS, Amounts, Window
from models.errors import RateLimited

AWAY_SECONDS = 2.0
"""After a failure, Redis isn't contacted for this long, so that an unavailable Redis doesn't delay calls."""
NEVER = float("-inf")

Limits = tuple[int | None, int | None]
"""Requests and tokens per minute; None means no limit."""


@dataclass(slots=True)
class _Count:
    """The use of one account's rate limit, as this process knows it. Times are by this process' clock."""

    own: Window = field(default_factory=Window)
    workers: int = 1
    others: Amounts = (0, 0)
    reported_at: float = NEVER
    """When Redis last answered, and thus the age of `workers` and `others`."""
    is_reported: bool = False
    """Whether Redis has this process' count, unless Redis has been emptied."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """This process sends its reports one at a time, so that an older report never overwrites a newer one."""


class ProviderLimits:
    """Limits on requests and tokens per minute, set for each provider and counted separately for each account."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests, self._tokens = settings.requests_per_minute, settings.tokens_per_minute
        is_shared = bool(self._requests or self._tokens) and settings.redis_url
        self._shared = SharedLimits(settings.redis_url or "") if is_shared else None
        self._clock = clock
        self._counts: dict[str, _Count] = {}
        self._away_until = self._careful_until = NEVER

    async def take(self, account: str, tokens: int) -> None:
        """Take a slot for one call of at most `tokens`. Raises RateLimited with the seconds until a slot is free."""
        provider = account.partition(":")[0]
        limits = self._requests.get(provider), self._tokens.get(provider)
        if limits == (None, None):
            return
        # A call larger than the limit uses up a whole minute; otherwise, it could never run.
        cost = (1, tokens if limits[1] is None else min(tokens, limits[1]))
        count = self._counts.setdefault(account, _Count())
        async with count.lock:
            answer = await self._ask(account, count, cost, limits)
        if answer is not None and answer.verdict == "full":
            raise _refusal(provider, answer.lacks, limits[answer.lacks] or 0, answer.wait_s)

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()

    async def _ask(self, account: str, count: _Count, cost: Amounts, limits: Limits) -> SlotOutcome | None:
        """Take a slot in this process' count and in the shared one; only in the former while Redis is unavailable."""
        for _ in range(2):
            self._look(account, count, cost, limits)
            now = self._clock()
            if self._shared is None or now < self._away_until:
                break
            try:
                is_known = count.is_reported and now - count.reported_at < KEPT_S
                answer = await self._shared.take(account, cost, limits, count.own.by_age(now), is_known=is_known)
            except (RedisError, OSError):
                self._away_until = self._clock() + AWAY_SECONDS
                self._careful_until = self._away_until + KEPT_S
                continue
            if answer.verdict == "forgotten":
                count.is_reported, self._careful_until = False, now + KEPT_S
                continue
            count.is_reported, count.reported_at = True, self._clock()
            count.workers, count.others = answer.workers, answer.others
            if answer.verdict == "taken":
                count.own.add(now, cost)
            return answer
        count.own.add(self._clock(), cost)
        return None

    def _look(self, account: str, count: _Count, cost: Amounts, limits: Limits) -> None:
        """Raise RateLimited if this process' own count has no free slot."""
        now, provider = self._clock(), account.partition(":")[0]
        for unit, limit in enumerate(limits):
            if limit is None:
                continue
            allowed, others_s = limit, 0.0
            if now < self._careful_until:
                # At least one call of any size is allowed, so that no caller starves.
                allowed = max(limit // count.workers, cost[unit])
                others_s = max(0.0, count.reported_at + KEPT_S - now)
                allowed = min(allowed, limit - count.others[unit]) if others_s else allowed
            if wait_s := count.own.wait_s(now, unit, cost[unit], allowed):
                raise _refusal(provider, unit, limit, min(wait_s, others_s or wait_s))


def _refusal(provider: str, unit: int, limit: int, wait_s: float) -> RateLimited:
    wait_s = min(max(0.5, wait_s), float(KEPT_S))
    return RateLimited(
        f"The limit of {limit} {UNITS[unit]} per minute for {provider!r} has been reached.",
        # Spread the retries, so that they don't all come at once.
        retry_after_s=wait_s + uniform(0.05, max(0.5, 0.25 * wait_s)),  # noqa: S311
    )
