"""Parts that stay up but are wrong, with few runs and short calls."""

from tests.faults.experiments import broken
from tests.faults.lab import Lab, staff
from tests.faults.trials import passes


async def test_a_wrong_clock_delays_no_caller(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F39", lambda made: broken.set_a_clock_wrong(made, runs=4, wait_s=1))
