"""The health of provider accounts, which all workers share in Redis. A message on a channel makes each of them read it.

Times are kept by Redis's clock and returned as durations, because the clocks of two workers may differ by hours. Even
if Redis's own clock is changed, nothing is kept longer than requested.

Everything here raises RedisError or OSError while Redis is unavailable; the caller decides what to do then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chimera import redis_clients
from chimera.providers.health.circuit_breaker import Asker, Failures
from chimera.providers.refusals.retry_times import MAX_RETRY_AFTER_S

CHANNEL = "chimera:providers"
KEPT_S = 7200
"""How long Redis keeps failures after the last one: longer than calls wait between two probes."""
MAX_SOURCES = 200
"""Failures of more callers than this add no information."""
REREAD_S = 5.0
"""The longest time until a worker notices a change if the message on the channel is lost."""

# Keys: the wait, the failures, the probe. A wait's value is its length, an upper bound even if the clock is changed.
_READ = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function read()
    local left, asked = redis.call('PTTL', KEYS[1]), tonumber(redis.call('GET', KEYS[1]) or 0)
    if left > asked then
        redis.call('PEXPIRE', KEYS[1], asked)
        left = asked
    end
    local since = redis.call('HGET', KEYS[2], 'since')
    return {math.max(0, left), since and math.max(0, now - since) or 0, redis.call('HGETALL', KEYS[2])}
end
"""
_COUNT_FAILURE = f"""{_READ}
local source = 'times:' .. ARGV[1]
if redis.call('HEXISTS', KEYS[2], source) == 1 or redis.call('HLEN', KEYS[2]) < tonumber(ARGV[5]) then
    redis.call('HINCRBY', KEYS[2], source, 1)
end
redis.call('HSETNX', KEYS[2], 'since', string.format('%.0f', now))
redis.call('HSET', KEYS[2], 'reason', ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('SET', KEYS[3], 'failed', 'PX', ARGV[3], 'NX')
redis.call('PUBLISH', ARGV[6], ARGV[7])
return read()
"""
"""One step, so that no worker reads the last failure without its consequence. The first probe isn't due at once."""
_WAIT = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[1]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
"""
"""A wait is never shortened, in whatever order workers report their 429s."""
_TAKE_PROBE = """
local left, period = redis.call('PTTL', KEYS[3]), tonumber(ARGV[1])
local passes = ARGV[2] == 'new' and redis.call('GET', KEYS[3]) ~= 'new'
if left > 0 and left <= period and not passes then return 0 end
redis.call('SET', KEYS[3], ARGV[2], 'PX', period)
return 1
"""


@dataclass(frozen=True, slots=True)
class Shared:
    """The current shared health of one account."""

    wait_s: float
    failures: Failures
    failing_s: float
    """Time since the first failure."""
    reason: str


class SharedHealth:
    """The shared health of accounts, by their names; one object, with a connection pool, per process."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)

    async def read(self, account: str) -> Shared:
        return _shared(await self._run(_READ + "return read()", account))

    async def wait(self, account: str, seconds: float) -> None:
        """Make all callers wait this long, or longer if another worker has reported a longer wait."""
        await self._run(_WAIT, account, _ms(min(seconds, MAX_RETRY_AFTER_S)), CHANNEL, account)

    async def count_failure(self, account: str, source: Asker, reason: str, *, probe_s: float) -> Shared:
        """Count a failure and return the account's health after it."""
        values = ("/".join(source), reason, _ms(probe_s), KEPT_S, MAX_SOURCES, CHANNEL, account)
        return _shared(await self._run(_COUNT_FAILURE, account, *values))

    async def forget_failures(self, account: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(*_keys(account)[1:])
            pipe.publish(CHANNEL, account)
            await pipe.execute()

    async def take_probe(self, account: str, probe_s: float, *, is_new: bool) -> bool:
        """Return whether this call is the only one in the next `probe_s` seconds that probes the provider.

        A call from a user without failures (`is_new`) doesn't wait for other users' calls.
        """
        return bool(await self._run(_TAKE_PROBE, account, _ms(probe_s), "new" if is_new else "failed"))

    async def follow(self, changed: Callable[[str | None], Awaitable[None]]) -> None:
        """Report each changed account, or None if any may have changed; forever, even while Redis is unavailable."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        hint: Any = await channel.get_message(timeout=REREAD_S)
                        await changed(hint["data"].decode() if hint else None)
            except (RedisError, OSError):
                await asyncio.sleep(1.0)

    async def close(self) -> None:
        await redis_clients.close(self._redis)

    async def _run(self, script: str, account: str, *values: str | float) -> Any:
        keys = _keys(account)
        # redis-py types a script's awaitable answer as a plain value.
        answer: Any = self._redis.eval(script, len(keys), *keys, *map(str, values))
        return await answer


def _shared(answer: list[Any]) -> Shared:
    wait_ms, failing_ms, flat = answer
    fields = {name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)}
    times = {tuple(name[6:].split("/")): int(value) for name, value in fields.items() if name.startswith("times:")}
    wait_s = min(int(wait_ms) / 1000, MAX_RETRY_AFTER_S)
    return Shared(wait_s, Failures(times), int(failing_ms) / 1000, fields.get("reason", ""))


def _keys(account: str) -> tuple[str, str, str]:
    return f"chimera:wait:{account}", f"chimera:failures:{account}", f"chimera:probe:{account}"


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
