"""Request rates: per user, per API key, per address, and how many runs a user starts.

A request must fit into two counts: this process's own, and the one in Redis. The own count costs nothing. From Redis, a
process takes a hundredth of the limit at a time, so most requests need no round trip, and processes together never
admit more than the limit.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import uuid4

from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis

from chimera.config.settings import Settings
from chimera.limits.shared import SharedRedis
from chimera.limits.windows import MAX_NAMES, SWEEP, Used, Windows
from models.errors import TooManyRequests

WINDOW_S = 60.0
SHARE = 100
"""A process takes one part in this many of a limit at a time."""
LEASE_S = 10.0
"""How long it may use what it took. The rest is lost, which is less than a hundredth of the limit per process."""
REPORT_S, KEPT_S = 2.0, 10.0
"""How often a process reports that it is there, and how long that counts."""
FULL_S = 1.0
"""How long a process rejects requests without asking Redis again, at most."""


_REPORT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
"""


class RateKind(StrEnum):
    """What a request counts toward. The value is the name of the policy in response headers."""

    USER = "user"
    KEY = "key"
    ADDRESS = "address"
    START = "starts"


SETTINGS = {
    RateKind.USER: "max_requests_per_minute",
    RateKind.KEY: "max_key_requests_per_minute",
    RateKind.ADDRESS: "max_anonymous_requests_per_minute",
    RateKind.START: "max_starts_per_minute",
}
"""The setting with each limit."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a limit after a request, as far as this process knows."""

    kind: RateKind
    limit: int
    left: int
    reset_s: float


@dataclass(slots=True)
class _Lease:
    """What this process has taken from Redis for one name, and until when it may use it."""

    left: int = 0
    until: float = float("-inf")
    full_until: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rates:
    """The request rates of one process."""

    def __init__(self, settings: Settings, shared: SharedRedis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits: dict[RateKind, int] = {kind: getattr(settings, name) for kind, name in SETTINGS.items()}
        self._clock = clock
        self._own = {kind: Windows(WINDOW_S) for kind in RateKind}
        self._leases: dict[tuple[RateKind, str], _Lease] = {}
        self._sweep_at = SWEEP
        self._shared = shared
        self._counter = _counter_of(shared)
        self._processes, self._name = 1, uuid4().hex

    async def take(self, kind: RateKind, who: str) -> Standing | None:
        """Count a request of `who`. Returns None if the limit is off. Raises TooManyRequests."""
        limit = self._limits[kind]
        if not limit:
            return None
        now = self._clock()
        used = self._own[kind].used(who, now)
        if wait_s := used.wait_s(limit):
            raise TooManyRequests(limit, SETTINGS[kind], wait_s)
        if self._counter is not None:
            await self._take_shared(kind, who, limit, now)
        self._own[kind].add(who, now)
        return Standing(kind, limit, max(0, limit - used.weighted - 1), used.left_s)

    async def _take_shared(self, kind: RateKind, who: str, limit: int, now: float) -> None:
        """Take a place in the count of all processes. While Redis doesn't answer, keep to this process's share."""
        lease = self._lease_of(kind, who, now)
        if _use(lease, now):
            return
        async with lease.lock:
            # Another request may have taken places while this one waited.
            if _use(lease, now):
                return
            if now < lease.full_until:
                raise TooManyRequests(limit, SETTINGS[kind], lease.full_until - now)
            answer = await self._shared.ask(lambda _: self._fill(lease, kind, who, limit, now))
            if answer is not None and not _use(lease, now):
                raise TooManyRequests(limit, SETTINGS[kind], answer)
            if answer is None and (wait_s := self._own[kind].used(who, now).wait_s(max(1, limit // self._processes))):
                raise TooManyRequests(limit, SETTINGS[kind], wait_s)

    async def _fill(self, lease: _Lease, kind: RateKind, who: str, limit: int, now: float) -> float:
        """Take a hundredth of the limit from Redis, or else one place. Returns the seconds to wait if there is none."""
        counter = self._counter
        assert counter is not None
        item, name = RateLimitItemPerMinute(limit, namespace=kind), sha256(who.encode()).hexdigest()[:32]
        for share in sorted({max(1, limit // SHARE), 1}, reverse=True):
            if await counter.hit(item, name, cost=share):
                lease.left, lease.until = lease.left + share, now + LEASE_S
                return 0.0
        wait_s = await _wait_s(counter, item, name, limit)
        lease.full_until = now + min(wait_s, FULL_S)
        return wait_s

    async def watch(self) -> None:
        """Keep count of the API processes, forever: without Redis, each of them admits its share of a limit."""
        while True:
            found = await self._shared.ask(self._report)
            self._processes = max(1, found or self._processes)
            await asyncio.sleep(REPORT_S)

    async def _report(self, client: Redis) -> int:
        answer: Any = client.eval(_REPORT, 1, "chimera:rates:processes", self._name, str(int(KEPT_S * 1000)))
        return int(await answer)

    def _lease_of(self, kind: RateKind, who: str, now: float) -> _Lease:
        lease = self._leases.get((kind, who))
        if lease is None:
            if len(self._leases) >= self._sweep_at:
                live = [(key, each) for key, each in self._leases.items() if now < max(each.until, each.full_until)]
                self._leases = dict(live[-MAX_NAMES // 2 :])
                self._sweep_at = max(SWEEP, 2 * len(self._leases))
            lease = self._leases[kind, who] = _Lease()
        return lease


def _use(lease: _Lease, now: float) -> bool:
    """Use one place of a lease. Returns False if there is none."""
    if lease.left > 0 and now < lease.until:
        lease.left -= 1
        return True
    return False


def _counter_of(shared: SharedRedis) -> SlidingWindowCounterRateLimiter | None:
    if shared.client is None:
        return None
    # The address only selects the kind of client, whose connections are ours.
    storage = RedisStorage(
        "async+redis://localhost:6379",
        implementation="redispy",
        key_prefix="chimera:rates",
        connection_pool=shared.client.connection_pool,  # type: ignore[arg-type]  # its annotation omits pools
    )
    return SlidingWindowCounterRateLimiter(storage)


async def _wait_s(
    counter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerMinute, name: str, limit: int
) -> float:
    """Return the seconds until another request fits, by the count in Redis."""
    storage = counter.storage
    assert isinstance(storage, RedisStorage)
    previous, _, current, ends_s = await storage.get_sliding_window(item.key_for(name), int(WINDOW_S))
    left_s = min(WINDOW_S, max(0.0, ends_s - WINDOW_S))
    return Used(previous, current, left_s, WINDOW_S).wait_s(limit) or 0.5
