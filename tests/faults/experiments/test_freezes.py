"""Processes that freeze for a moment, with few runs and short calls."""

import pytest

from tests.faults.experiments import freezes
from tests.faults.lab import Lab
from tests.faults.trials import passes


@pytest.mark.parametrize("what", ["both", "temporal", "machine"])
async def test_a_short_freeze_costs_nothing(lab: Lab, what: str) -> None:
    await passes(
        lab,
        "freeze",
        lambda made: freezes.freeze(
            made, what=what, seconds=2, runs=4, steps=2, call_s=(1.0, 3.0), within_s=(0.0, 0.5)
        ),
    )
