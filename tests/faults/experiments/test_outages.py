"""Unavailable parts, with few runs and short calls."""

import pytest

from tests.faults.experiments import outages
from tests.faults.lab import Lab
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_runs_continue_after_temporal_was_killed(lab: Lab) -> None:
    await passes(lab, "F12", lambda made: outages.lose_temporal(made, runs=10, call_s=1, away_s=5))
