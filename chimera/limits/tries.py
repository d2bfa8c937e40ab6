"""Tries of passwords that all API processes count together, each with its time, by Redis's clock."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from chimera.limits.shared import SharedRedis

_TAKE = """
local time = redis.call('TIME')
local now, within = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - within)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
    return math.max(1, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + within - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], within)
return 0
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A place that was taken in Redis, or the seconds until there is one."""

    key: str
    member: str
    wait_s: float = 0.0


class SharedTries:
    """The places of all processes; one object per process."""

    def __init__(self, shared: SharedRedis) -> None:
        self._shared = shared

    async def take(self, kind: str, name: str, limit: int, within_s: float) -> Taken:
        """Take one of `limit` places in `within_s` seconds. While Redis is away, the own count decides."""
        key, member = _key(kind, name), uuid4().hex
        values = (str(int(within_s * 1000)), str(limit), member)

        async def ask(client: Redis) -> int:
            # redis-py types a script's awaitable answer as a plain value.
            answer: Any = client.eval(_TAKE, 1, key, *values)
            return int(await answer)

        wait_ms = await self._shared.ask(ask)
        # Without an answer in time, Redis may still take the place, so it has to be given back too.
        return Taken(key, member, 0.0 if wait_ms is None else wait_ms / 1000)

    async def give_back(self, taken: Taken) -> None:
        """Return a place. If Redis is away, it counts until its time is over."""

        async def remove(client: Redis) -> int:
            answer: Any = client.zrem(taken.key, taken.member)
            return int(await answer)

        await self._shared.ask(remove)

    async def give_back_newest(self, kind: str, name: str) -> None:
        """Return the newest place of a name, whichever process took it."""

        async def remove(client: Redis) -> int:
            return len(await client.zpopmax(_key(kind, name)))

        await self._shared.ask(remove)


def _key(kind: str, name: str) -> str:
    # Names are accounts and addresses, which Redis doesn't have to know.
    return f"chimera:tries:{kind}:{sha256(name.encode()).hexdigest()[:32]}"
