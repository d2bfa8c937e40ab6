"""The rounds of a worker's sweeper, without the work that they normally do."""

import asyncio

import pytest

from chimera.temporal import sweeper
from chimera.temporal.sweeper import Sweeper
from tests.until import LIMIT_S


class Rounds:
    """Counts rounds, and sets `done` after three of them."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self._begun = 0

    async def __call__(self) -> bool:
        self._begun += 1
        if self._begun >= 3:
            self.done.set()
        return True


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


async def fails() -> bool:
    raise RuntimeError("Temporal is away")


@pytest.mark.parametrize("bad", [hangs, fails])
async def test_a_bad_round_delays_no_other(monkeypatch: pytest.MonkeyPatch, bad: sweeper.Admission) -> None:
    for pause in ("SWEEP_SECONDS", "RECONCILE_SECONDS", "ADMIT_SECONDS", "RELEASE_SECONDS"):
        monkeypatch.setattr(sweeper, pause, 0.001)
    sweep, reconciliation, admission, release = Rounds(), Rounds(), Rounds(), Rounds()
    rounds = Sweeper(sweeps=[bad, sweep], reconciliations=[bad, reconciliation], admit=admission, release=release)
    sweeping = asyncio.create_task(rounds.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(*(each.done.wait() for each in (sweep, reconciliation, admission, release)))
    finally:
        sweeping.cancel()
