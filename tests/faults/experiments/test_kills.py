"""Random parts are killed for a quarter of a minute."""

import pytest

from tests.faults.experiments import kills
from tests.faults.lab import Lab
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_nothing_is_lost_whatever_is_killed(lab: Lab) -> None:
    await passes(lab, "kills", lambda made: kills.kill_at_random(made, minutes=0.25, every_s=(2.5, 3.5)))
