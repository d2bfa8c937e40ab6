"""What users have open at the moment, over all API processes: sockets and streams.

Each open connection is a lease in Redis that its process renews. The leases of a process that died expire; those that
Redis lost come back with the next renewal.
"""

import asyncio
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from chimera.limits.shared import SharedRedis

LEASE_S = 30
RENEW_S = 10.0

_NOW = """
local time = redis.call('TIME')
local now, expires = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[1])
"""
_TAKE = f"""{_NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local there = redis.call('ZCARD', KEYS[1])
if there >= tonumber(ARGV[2]) then return there end
redis.call('ZADD', KEYS[1], now + expires, ARGV[3])
redis.call('PEXPIRE', KEYS[1], expires)
return -1
"""
_RENEW = f"""{_NOW}
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], now + expires, ARGV[at]) end
redis.call('PEXPIRE', KEYS[1], expires)
return 1
"""
_EXPIRES_MS = str(LEASE_S * 1000)


class Leases:
    """The open connections of one kind; one object per process. It works in only one event loop."""

    def __init__(self, shared: SharedRedis, kind: str) -> None:
        self._shared = shared
        self._prefix = f"chimera:open:{kind}:"
        self._held: dict[str, set[str]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self, name: str, most: int) -> tuple[str, int | None]:
        """Open one more connection of `name`, of which there may be `most`. Returns the lease, and None.

        If there are as many already, returns their number instead, and the lease isn't held. While Redis is away, each
        process counts alone.
        """
        lease = uuid4().hex
        there = await self._shared.ask(lambda client: _eval(client, _TAKE, self._prefix + name, str(most), lease))
        if there is not None and there >= 0:
            return lease, there
        self._held.setdefault(name, set()).add(lease)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())
        return lease, None

    def give_back(self, name: str, lease: str) -> None:
        """Close a connection. It never waits, because the task that ends a connection may be cancelled."""
        held = self._held.get(name, set())
        held.discard(lease)
        if not held:
            self._held.pop(name, None)
        ending = asyncio.create_task(self._remove(name, lease))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        await asyncio.gather(*self._ending, *filter(None, (self._renewing,)), return_exceptions=True)

    async def _remove(self, name: str, lease: str) -> None:
        async def remove(client: Redis) -> int:
            answer: Any = client.zrem(self._prefix + name, lease)
            return int(await answer)

        await self._shared.ask(remove)

    async def _renew(self) -> None:
        while self._held:
            await asyncio.sleep(RENEW_S)
            for name, held in list(self._held.items()):
                leases = sorted(held)
                await self._shared.ask(
                    lambda client, name=name, leases=leases: _eval(client, _RENEW, self._prefix + name, *leases)  # type: ignore[misc]
                )


async def _eval(client: Redis, script: str, key: str, *values: str) -> int:
    # redis-py types a script's awaitable answer as a plain value.
    answer: Any = client.eval(script, 1, key, _EXPIRES_MS, *values)
    return int(await answer)
