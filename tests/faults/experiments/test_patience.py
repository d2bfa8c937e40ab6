"""Providers that are slow, silent or unavailable, with few runs and short calls."""

import pytest

from tests.faults.experiments import patience
from tests.faults.lab import Lab, staff
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_a_requested_pause_holds_for_every_worker(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F21", lambda made: patience.limit_the_rate(made, runs=10, wait_s=2))


async def test_an_unanswered_socket_delays_no_other(lab: Lab) -> None:
    await passes(lab, "F23", lambda made: patience.never_answer(made, runs=2, silence_s=2.5, calm_s=5, call_s=3))


async def test_a_slow_answer_ends_at_the_total_limit(lab: Lab) -> None:
    await passes(lab, "F24", lambda made: patience.drip(made, runs=2, gap_s=1, stall_s=3.5, total_s=4))


async def test_runs_wait_for_a_provider_and_then_end(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F30", lambda made: patience.lose_the_provider(made, runs=6, away_s=6, probe_s=1.5))
