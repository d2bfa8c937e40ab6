"""What all workers know of a provider's account, in Redis; a hint on a channel has each of them read it again.

Everything here raises RedisError or OSError while Redis is away; what then holds is for who asks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL = "chimera:providers"
WAITS = "chimera:provider-waits"
"""A sorted set: until when, by account. Only raised (ZADD GT), whichever worker hears of its 429 last."""
KEPT_S = 7200
"""How long Redis keeps what nobody changes: longer than the longest wait that a provider can impose, an hour."""
REREAD_S = 5.0
"""How long a hint may be lost at most."""
_COUNT_FAILURE = """
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
if failures >= tonumber(ARGV[1]) and redis.call('HSETNX', KEYS[1], 'away_since', ARGV[2]) == 1 then
    redis.call('HSET', KEYS[1], 'reason', ARGV[3])
    redis.call('SET', KEYS[2], 1, 'PX', ARGV[4])
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return {failures, redis.call('HGET', KEYS[1], 'away_since') or '0'}
"""
"""In one step, so that nobody reads the last failure without what it means. The first probe is not due at once."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What is known of one account. Times are seconds since the epoch."""

    wait_until: float
    failures: int
    away_since: float
    """0 while it isn't."""
    reason: str


class SharedStandings:
    """Accounts by name; one connection pool a process."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)

    async def read(self, account: str) -> Shared:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(_key(account))
            pipe.zscore(WAITS, account)
            fields, until = await pipe.execute()
        return Shared(
            wait_until=float(until or 0.0),
            failures=int(fields.get(b"failures", 0)),
            away_since=float(fields.get(b"away_since", 0.0)),
            reason=fields.get(b"reason", b"").decode(),
        )

    async def wait(self, account: str, until: float) -> None:
        """Have everybody wait until then, or longer if somebody said so."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zadd(WAITS, {account: until}, gt=True)
            pipe.expire(WAITS, KEPT_S)
            pipe.publish(CHANNEL, account)
            await pipe.execute()

    async def count_failure(
        self, account: str, reason: str, *, at: float, limit: int, probe_s: float
    ) -> tuple[int, float]:
        """Count a failure; from `limit` on the account is away. Returns how many in a row, and since when."""
        keys = [_key(account), _probe_key(account)]
        values = [limit, at, reason, _ms(probe_s), KEPT_S, CHANNEL, account]
        # redis-py types a script's answer, which is awaited, as one that is there.
        counted: Any = self._redis.eval(_COUNT_FAILURE, len(keys), *keys, *map(str, values))
        failures, away_since = await counted
        return int(failures), float(away_since)

    async def forget_failures(self, account: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(_key(account), _probe_key(account))
            pipe.publish(CHANNEL, account)
            await pipe.execute()

    async def take_probe(self, account: str, probe_s: float) -> bool:
        """Say whether this is the one call of the next `probe_s` that may look whether the provider is back."""
        return bool(await self._redis.set(_probe_key(account), 1, px=_ms(probe_s), nx=True))

    async def follow(self, heard: Callable[[str | None], Awaitable[None]]) -> None:
        """Say which account has changed, and None when any may have; for ever, and also while Redis is away."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        hint: Any = await channel.get_message(timeout=REREAD_S)
                        await heard(hint["data"].decode() if hint else None)
            except (RedisError, OSError):
                await asyncio.sleep(1.0)

    async def close(self) -> None:
        await self._redis.aclose()


def _key(account: str) -> str:
    return f"chimera:provider:{account}"


def _probe_key(account: str) -> str:
    return f"chimera:probe:{account}"


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
