"""Workers and APIs that die, with few runs and short calls."""

import pytest

from tests.faults.experiments import deaths
from tests.faults.lab import Lab, staff
from tests.faults.trials import passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_runs_continue_after_their_only_worker_was_killed(lab: Lab) -> None:
    await passes(lab, "F01", lambda made: deaths.kill_the_only_worker(made, runs=3, call_s=2.5, kill_s=1, away_s=0))


async def test_a_worker_resumes_a_dead_workers_calls(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F02", lambda made: deaths.kill_one_of_two_workers(made, runs=3, call_s=1.5, kill_s=2))


async def test_a_lost_answer_is_booked_twice_and_kept_once(lab: Lab) -> None:
    await passes(lab, "F03", lambda made: deaths.die_with_answers_in_hand(made, runs=5, delay_s=0.5))


async def test_committed_tasks_start_after_the_api_died(lab: Lab) -> None:
    await passes(lab, "F08", lambda made: deaths.lose_the_api_after_its_commit(made, runs=10))


async def test_an_unanswered_client_gets_its_task_on_retry(lab: Lab) -> None:
    await passes(lab, "F09", lambda made: deaths.lose_the_answer(made, keys=5))
