"""Our own limits on how often a provider is asked, shared by all workers through Redis.

Nobody waits here: a call that finds no place is refused with the time to come back, and Temporal brings it back then,
so no worker slot is held. While Redis is away each worker keeps a count of its own instead of letting all through.
"""

import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from chimera.settings import Settings
from models.errors import RateLimited


class ProviderLimits:
    """Requests a minute by provider, as `CHIMERA_REQUESTS_PER_MINUTE` says."""

    def __init__(self, settings: Settings) -> None:
        self._items = {name: RateLimitItemPerMinute(n) for name, n in settings.requests_per_minute.items()}
        self._shared: SlidingWindowCounterRateLimiter | None = None
        if self._items and settings.redis_url:
            storage = RedisStorage(_storage_uri(settings.redis_url), implementation="redispy")
            self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def take(self, model: str) -> None:
        """Take a place for one call of `model`. Raises RateLimited with the seconds until there is one."""
        provider = model.split("/", 1)[0]
        item = self._items.get(provider)
        if item is None:
            return
        try:
            limiter = self._shared or self._own
            free = await limiter.hit(item, "provider", provider)
        except (RedisError, OSError):
            limiter = self._own
            free = await limiter.hit(item, "provider", provider)
        if not free:
            window = await limiter.get_window_stats(item, "provider", provider)
            wait = max(0.5, window.reset_time - time.time())
            raise RateLimited(
                f"The limit of {item.amount} requests a minute for {provider!r} is reached.", retry_after_s=wait
            )


def _storage_uri(redis_url: str) -> str:
    """The address as `limits` writes it: an asynchronous one, with a scheme of its own for a Unix socket."""
    return "async+redis+" + redis_url if redis_url.startswith("unix:") else "async+" + redis_url
