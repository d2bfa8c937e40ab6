"""Redis as the limits use it: a short wait, and a pause after a failure. Requests never wait for a slow Redis."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chimera import redis_clients

log = structlog.get_logger()

WAIT_S = 0.05
"""The longest wait for an answer, on the path of a request."""
ANSWER_S = 1.0
"""How long an answer may take before Redis counts as away. Meanwhile, the request has long continued."""
AWAY_S = 2.0
"""How long Redis isn't used after a failure. Meanwhile, each process counts alone."""

READS = 10
"""Rounds of the event loop until an answer that has arrived is read."""

Answer = TypeVar("Answer")


class SharedRedis:
    """A client for the counts of all processes; one object per process."""

    def __init__(self, url: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`url` is None if there is no Redis, so that each process counts alone."""
        self._clock = clock
        self._wait_s = WAIT_S
        self._away_until = float("-inf")
        self._asking: set[asyncio.Future[Any]] = set()
        # Without the client's own retries: a limit has a local count, so the next request is soon enough.
        self.client: Redis | None = (
            Redis.from_url(
                url,
                socket_timeout=max(ANSWER_S, self._wait_s),
                socket_connect_timeout=max(ANSWER_S, self._wait_s),
                retry=Retry(NoBackoff(), 0),
                max_connections=50,
            )
            if url
            else None
        )

    async def ask(self, question: Callable[[Redis], Awaitable[Answer]]) -> Answer | None:
        """Return Redis's answer, or None if there is none within `WAIT_S` seconds, or Redis failed a moment ago.

        The question goes on in the background, so the effects of a late answer aren't lost.
        """
        if self.client is None or self._clock() < self._away_until:
            return None
        asking = asyncio.ensure_future(self._answer(question, self.client))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        await asyncio.wait({asking}, timeout=self._wait_s)
        # If this process was frozen, the answer has arrived meanwhile, and only has to be read.
        for _ in range(READS):
            if asking.done():
                return asking.result()
            await asyncio.sleep(0)
        return None

    async def _answer(self, question: Callable[[Redis], Awaitable[Answer]], client: Redis) -> Answer | None:
        try:
            async with asyncio.timeout(max(ANSWER_S, self._wait_s)):
                return await question(client)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._clock() + AWAY_S
            log.warning("limits_counted_locally", error=type(error).__name__)
            return None

    async def close(self) -> None:
        for asking in self._asking:
            asking.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        if self.client is not None:
            await redis_clients.close(self.client)
