"""Redis as the limits use it: a short wait, and a pause after a failure. Requests never wait for a slow Redis."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chimera import redis_clients

log = structlog.get_logger()

WAIT_S = 0.05
"""The longest wait for an answer, on the path of a request."""
AWAY_S = 2.0
"""How long Redis isn't used after a failure. Meanwhile, each process counts alone."""

Answer = TypeVar("Answer")


class SharedRedis:
    """A client for the counts of all processes; one object per process."""

    def __init__(self, url: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`url` is None if there is no Redis, so that each process counts alone."""
        self._clock = clock
        self._wait_s = WAIT_S
        self._away_until = float("-inf")
        # Without the client's own retries: a limit has a local count, so the next request is soon enough.
        self.client: Redis | None = (
            Redis.from_url(
                url,
                socket_timeout=self._wait_s,
                socket_connect_timeout=self._wait_s,
                retry=Retry(NoBackoff(), 0),
                max_connections=50,
            )
            if url
            else None
        )

    async def ask(self, question: Callable[[Redis], Awaitable[Answer]]) -> Answer | None:
        """Return Redis's answer, or None if there is none within `WAIT_S` seconds, or Redis failed a moment ago."""
        if self.client is None or self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self._wait_s):
                return await question(self.client)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._clock() + AWAY_S
            log.warning("limits_counted_locally", error=type(error).__name__)
            return None

    async def close(self) -> None:
        if self.client is not None:
            await redis_clients.close(self.client)
