"""Recurring rounds of work in every worker, so that nothing that was accepted is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
RECONCILE_SECONDS = 5.0
PRUNE_SECONDS = 60.0
ADMIT_SECONDS = 0.25
"""The pause while tasks are queued, so that a free place is filled soon."""
RELEASE_SECONDS, LOOK_SECONDS = 0.1, 0.5
"""The pauses between looks for replies that wait for earlier ones: while there are some, and otherwise."""

Round = Callable[[], Awaitable[object]]
Admission = Callable[[], Awaitable[bool]]


class Sweeper:
    """Runs in every worker: no row stays `running` after its run has ended, and no start or cancel is lost."""

    def __init__(
        self,
        *,
        sweeps: Sequence[Round],
        reconciliations: Sequence[Round],
        admit: Admission,
        release: Admission,
        prunings: Sequence[Round] = (),
    ) -> None:
        """`admit` starts queued tasks, and `release` replies that waited. Both return whether any are waiting."""
        self._sweeps = sweeps
        self._reconciliations = reconciliations
        self._admit = admit
        self._release = release
        self._prunings = prunings

    async def run(self) -> None:
        """Sweep forever; if a service is away, the next round tries again.

        Each kind of round has its own loop, so that one that waits for Temporal doesn't delay the others.
        """
        await asyncio.gather(
            *(self._repeat(sweep, SWEEP_SECONDS) for sweep in self._sweeps),
            *(self._repeat(reconcile, RECONCILE_SECONDS) for reconcile in self._reconciliations),
            *(self._repeat(prune, PRUNE_SECONDS) for prune in self._prunings),
            self._repeat_while(self._admit, ADMIT_SECONDS, SWEEP_SECONDS),
            self._repeat_while(self._release, RELEASE_SECONDS, LOOK_SECONDS),
        )

    async def _repeat(self, work: Round, pause_s: float) -> None:
        while True:
            await self._round(work)
            await asyncio.sleep(pause_s)

    async def _repeat_while(self, work: Admission, busy_s: float, idle_s: float) -> None:
        while True:
            are_waiting = await self._round(work)
            await asyncio.sleep(busy_s if are_waiting else idle_s)

    async def _round(self, work: Round) -> object:
        try:
            return await work()
        except (SQLAlchemyError, RPCError, OSError, RuntimeError) as error:
            log.warning("sweep_failed", error=f"{type(error).__name__}: {error}"[:200])
        except Exception:
            # The sweeper must survive any error that a single row can cause.
            log.exception("sweep_failed")
        return None
