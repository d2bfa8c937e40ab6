"""Decisions that arrive twice, or while parts are down, for few runs."""

import pytest

from tests.faults.experiments import decisions
from tests.faults.lab import Lab
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_a_decision_counts_once(lab: Lab) -> None:
    await passes(lab, "F37", lambda made: decisions.decide_twice(made, runs=3, flood=200, away_s=1.0, expires_s=3))
