"""A timeout that allows for the process itself having been frozen.

After a freeze (a sleeping machine, a paused container), every deadline has passed at once, although the awaited bytes
may already be in the socket. A timeout therefore checks the clock a second before its deadline. If the process is on
time, the timeout fires at the deadline. If the process is late, the timeout fires later, so that bytes that arrived in
the meantime are read first.
"""

import asyncio
from types import TracebackType

LATE_S = 1.0
"""A timer that is later than this was delayed because the process didn't run: the timeout is postponed again."""
PUNCTUAL_S = 0.1
"""A timer that is no later than this means that the process ran all the time."""
LAST_LOOK_S, GRACE_S = 1.0, 5.0
"""The minimum and maximum extra time after a freeze: bytes take some rounds of the event loop to become an answer."""


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
