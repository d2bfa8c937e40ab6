"""Calls in flight in this process: a new attempt joins the running one, and other processes see that it is alive.

Temporal gives up an attempt that sends no heartbeats. The worker may have died, but the machine may also have been
asleep, or Temporal itself frozen. In these cases, the provider's answer is still on its way, and a second request would
be charged again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

import structlog
from psycopg_pool import PoolClosed
from temporalio import activity

log = structlog.get_logger()

TICK_S = 0.5
BEATS_S = 2.0
"""How often the database is told which calls are in flight. Shorter calls don't cost a statement."""
FROZEN_S = 3.0
"""A process whose tick is this late was frozen."""
THAW_S = 5.0
"""For this long after a freeze, other processes on the machine may not have reported their calls yet."""

Place = TypeVar("Place")
Outcome = TypeVar("Outcome")


class Underway(Generic[Place, Outcome]):
    """Tracks the calls in flight in this process. `record` stores that the calls at the given places are alive."""

    def __init__(
        self, record: Callable[[Collection[Place]], Awaitable[None]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._record = record
        self._clock = clock
        self._calls: dict[str, asyncio.Task[Outcome]] = {}
        self._places: dict[str, tuple[Place, float]] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._thawed_at = float("-inf")

    def number(self) -> int:
        """Return how many calls are in flight."""
        return len(self._calls)

    async def join(self, key: str, place: Place, work: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Run the work of a call, or wait for it if it is already running.

        A cancellation ends the work, and is raised once the work has ended. If Temporal has only given up this attempt,
        the work continues: the next attempt joins it, or finds its answer in the ledger.
        """
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        call = self._calls.get(key)
        if call is None:
            call = asyncio.create_task(work())
            self._calls[key], self._places[key] = call, (place, self._clock())
            call.add_done_callback(lambda ended: self._ended(key, ended))
        else:
            log.info("attempt_joined")
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            if call.cancelled():
                raise
            if _was_given_up():
                log.info("attempt_given_up_continues")
                raise
            call.cancel()
            while not call.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([call])
            raise

    def thawed_lately(self) -> bool:
        """Return whether this process, and perhaps others on its machine, was frozen a moment ago."""
        return self._clock() - self._thawed_at < THAW_S

    async def close(self) -> None:
        """Cancel the calls in flight, and wait until they have recorded how they ended."""
        if self._ticking is not None:
            self._ticking.cancel()
        calls = list(self._calls.values())
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def _ended(self, key: str, call: asyncio.Task[Outcome]) -> None:
        del self._calls[key], self._places[key]
        if not call.cancelled():
            # Mark the exception as retrieved, because the caller may no longer be waiting.
            call.exception()

    async def _tick(self) -> None:
        last = recorded_at = self._clock()
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock()
            if now - last - TICK_S >= FROZEN_S:
                log.warning("process_stood_still", seconds=round(now - last, 1), calls=len(self._calls))
                self._thawed_at = now
                recorded_at = float("-inf")
            if now - recorded_at >= BEATS_S:
                recorded_at = now
                await self._record_alive(now)
            # Read the clock again, because a slow database is not a freeze.
            last = self._clock()

    async def _record_alive(self, now: float) -> None:
        places = [place for place, since in self._places.values() if now - since >= BEATS_S]
        if not places:
            return
        try:
            await self._record(places)
        except PoolClosed:
            return
        except Exception as error:  # noqa: BLE001  (the next report has to follow in any case)
            log.warning("calls_not_recorded", error=type(error).__name__)


def _was_given_up() -> bool:
    """Return whether Temporal has given up or paused this attempt, as opposed to cancelling it."""
    details = activity.cancellation_details() if activity.in_activity() else None
    if details is None or details.cancel_requested:
        return False
    return details.not_found or details.timed_out or details.paused or details.reset
