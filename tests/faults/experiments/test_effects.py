"""Effects whose results are lost, for few runs."""

import pytest

from tests.faults.experiments import effects
from tests.faults.lab import Lab
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_a_lost_result_repeats_no_effect(lab: Lab) -> None:
    await passes(lab, "F05", lambda made: effects.lose_results(made, runs=3))
