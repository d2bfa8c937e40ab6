"""A limit of time that a process which stood still doesn't hold against others.

After a freeze (a machine that slept, a paused container) every deadline has passed at once, though what was waited for
may lie in the socket. A limit that strikes late is therefore put off once more: what came meanwhile is read first.
"""

import asyncio
from types import TracebackType

LATE_S = 1.0
"""A timer that is later than this didn't run because the process didn't."""
GRACE_S = 5.0
"""The longest time that is given on top, each time."""


class Patience:
    """`async with Patience(deadline):` raises TimeoutError in the block at `deadline`, on the loop's clock."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._timeout = asyncio.Timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._timer = asyncio.get_running_loop().call_at(self._deadline, self._strike)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def _strike(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.time() - self._deadline
        if late > LATE_S:
            self._deadline = loop.time() + min(late, GRACE_S)
            self._timer = loop.call_at(self._deadline, self._strike)
        else:
            self._timeout.reschedule(loop.time())
