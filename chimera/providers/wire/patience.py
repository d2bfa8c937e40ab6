"""A timeout that allows for the process itself having been frozen.

After a freeze (a machine that slept, a paused container) every deadline has passed at once, though what was waited for
may lie in the socket. A limit therefore looks at the clock a second before its time. In a punctual process it fires
at the limit; in a late one it fires later, and bytes that arrived meanwhile are read first.
"""

import asyncio
from types import TracebackType

LATE_S = 1.0
"""A timer that is later than this didn't run because the process didn't: the limit is put off again."""
PUNCTUAL_S = 0.1
"""A timer that is no later than this belongs to a process that ran all the time."""
LAST_LOOK_S, GRACE_S = 1.0, 5.0
"""The time given after a freeze, at least and at most: bytes take some rounds of the loop to become an answer."""


class Patience:
    """`async with Patience(deadline):` raises TimeoutError in the block at `deadline`, on the loop's clock."""

    def __init__(self, deadline: float) -> None:
        self._limit = self._deadline = deadline
        self._timeout = asyncio.Timeout(None)
        self._timer: asyncio.TimerHandle | None = None
        self._is_last_look = False

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        loop = asyncio.get_running_loop()
        self._deadline = max(self._limit - LAST_LOOK_S, loop.time())
        self._timer = loop.call_at(self._deadline, self._strike)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def _strike(self) -> None:
        loop = asyncio.get_running_loop()
        now, late = loop.time(), loop.time() - self._deadline
        if self._is_last_look and late <= LATE_S:
            self._timeout.reschedule(now)
            return
        grace = 0.0 if late <= PUNCTUAL_S else min(max(now - self._limit, LAST_LOOK_S), GRACE_S)
        self._is_last_look = True
        self._deadline = max(self._limit, now + grace)
        self._timer = loop.call_at(self._deadline, self._strike)
