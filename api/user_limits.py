"""Limits per user: open sockets and streams in all API processes, and the message rate of a socket.

What a user has stored is counted in the database (`chimera/store/user_limits.py`).
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chimera.config.settings import Settings
from chimera.limits.leases import Leases
from chimera.limits.shared import SharedRedis
from models.errors import LimitReached
from models.ids import UserId

MESSAGES_AT_ONCE = 200
MESSAGES_A_SECOND = 20.0
"""Both limits apply to one socket. A page that reconnects with 50 topics sends 51 messages at once; a ping every second
is one message per second."""

ADVICE = "close one"
RETRY_AFTER_S = 10.0


class OpenByUser:
    """Counts each user's open connections of one kind. `setting` names the setting with the limit; 0 is no limit."""

    def __init__(self, what: str, setting: str, settings: Settings, shared: SharedRedis) -> None:
        self._what = what
        self._setting = setting
        self._most: int = getattr(settings, setting)
        self._open: Counter[UserId] = Counter()
        self._leases = Leases(shared, setting)

    def number(self) -> int:
        """Return how many connections of all users are open."""
        return self._open.total()

    @asynccontextmanager
    async def one_more(self, user_id: UserId) -> AsyncIterator[None]:
        """Count one more connection for as long as the block runs. Raises LimitReached."""
        self.check(user_id)
        self._open[user_id] += 1
        try:
            async with self._lease(user_id):
                yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]

    def check(self, user_id: UserId) -> None:
        """Raise LimitReached if this process has no room for one more connection."""
        if self._most and self._open[user_id] >= self._most:
            raise self._reached(self._open[user_id])

    async def close(self) -> None:
        await self._leases.close()

    @asynccontextmanager
    async def _lease(self, user_id: UserId) -> AsyncIterator[None]:
        """Count the connection in Redis as well, among those of other processes."""
        if not self._most:
            yield
            return
        lease, there = await self._leases.take(user_id, self._most)
        if there is not None:
            raise self._reached(there)
        try:
            yield
        finally:
            self._leases.give_back(user_id, lease)

    def _reached(self, there: int) -> LimitReached:
        return LimitReached(self._what, there, self._most, self._setting, ADVICE, RETRY_AFTER_S)


class MessageRate:
    """Limits the message rate of a socket, with a token bucket: it allows a burst, and is refilled over time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(MESSAGES_AT_ONCE)
        self._at = clock()

    def takes(self) -> bool:
        """Count a message. Return False if the limit is exceeded."""
        now = self._clock()
        self._left = min(MESSAGES_AT_ONCE, self._left + (now - self._at) * MESSAGES_A_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
