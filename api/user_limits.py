"""Limits of one user in this process: open sockets and streams, and the message rate of a socket.

What a user has in the database is counted there (`chimera/store/user_limits.py`).
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chimera.config.settings import Settings
from models.errors import LimitReached
from models.ids import UserId

MESSAGES_AT_ONCE = 200
MESSAGES_A_SECOND = 20.0
"""Of one socket. A page that comes back with 50 topics sends 51 at once; a ping a second is one."""

ADVICE = "close one"
RETRY_AFTER_S = 10.0


class OpenByUser:
    """Counts each user's open connections of one kind; `setting` names their limit, 0 for none."""

    def __init__(self, what: str, setting: str, settings: Settings) -> None:
        self._what = what
        self._setting = setting
        self._most: int = getattr(settings, setting)
        self._open: Counter[UserId] = Counter()

    @contextmanager
    def one_more(self, user_id: UserId) -> Iterator[None]:
        """Count one for as long as the block lasts. Raises LimitReached."""
        there = self._open[user_id]
        if self._most and there >= self._most:
            raise LimitReached(self._what, there, self._most, self._setting, ADVICE, RETRY_AFTER_S)
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]


class MessageRate:
    """How many messages a socket has left: a burst, filled up again as time goes by (a token bucket)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(MESSAGES_AT_ONCE)
        self._at = clock()

    def takes(self) -> bool:
        """Count a message; False when the limit is exceeded."""
        now = self._clock()
        self._left = min(MESSAGES_AT_ONCE, self._left + (now - self._at) * MESSAGES_A_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
