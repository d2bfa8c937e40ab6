"""The experiments of benchmarks/faults with few runs and short calls. F22 is in tests/workflows/test_tasks.py."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from benchmarks.faults import deaths, jobs, meaning, outages, patience, providers
from benchmarks.faults.lab import Lab, staff, until
from benchmarks.faults.report import Trial, trial
from benchmarks.wires.wire import ANTHROPIC, GOOGLE, OPENAI, Wire

Experiment = Callable[[Trial], Awaitable[None]]


@pytest.fixture(autouse=True)
async def one_worker(lab: Lab) -> None:
    await staff(lab, 1)


async def test_what_a_provider_does_wrong_is_not_stored_and_not_paid_twice(lab: Lab) -> None:
    """F25 cut streams, F27 no answers, F28 poison, F29 answers of 3 MB and 10 MB; nothing dies, so all at once."""
    async with (
        trial(lab, "F25", 1) as cut,
        trial(lab, "F27", 1) as nonsense,
        trial(lab, "F28", 1) as poison,
        trial(lab, "F29", 1) as much,
    ):
        await asyncio.gather(
            providers.cut_streams(cut, runs=2),
            providers.answer_nonsense(nonsense, runs=1),
            providers.send_poison(poison, runs=2),
            providers.send_much(much),
        )
    assert cut.problems + nonsense.problems + poison.problems + much.problems == []


async def test_what_goes_wrong_on_other_vendors_wires_is_not_stored_either(lab: Lab) -> None:
    """F27 through both SDKs at once."""
    await asyncio.gather(
        passes(lab, "F27", lambda made: providers.answer_nonsense(made, runs=1), ANTHROPIC),
        passes(lab, "F27", lambda made: providers.answer_nonsense(made, runs=1), GOOGLE),
    )


@pytest.mark.parametrize("wire", [ANTHROPIC, GOOGLE], ids=lambda wire: wire.vendor)
async def test_a_call_that_is_given_up_ends_at_the_provider_behind_the_gateway(lab: Lab, wire: Wire) -> None:
    async with trial(lab, "gone", 1, wire) as made:
        (task_id,) = await made.offers.post_all([jobs.one_call("hang=1")])
        assert await until(lambda: arrived_as(lab, task_id, ["arrived"]), 10)
        await lab.http.post(f"/api/v1/tasks/{task_id}/cancel")
        assert await until(lambda: arrived_as(lab, task_id, ["cut"]), 10)


async def arrived_as(lab: Lab, task_id: str, expected: list[str]) -> bool:
    return [arrival.phase for arrival in lab.journal() if arrival.task_id == task_id] == expected


async def test_every_worker_waits_as_long_as_a_provider_asks_one_to(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F21", lambda made: patience.limit_the_rate(made, runs=10, wait_s=2))


async def test_a_socket_that_is_never_answered_holds_up_nobody_else(lab: Lab) -> None:
    await passes(lab, "F23", lambda made: patience.never_answer(made, runs=2, silence_s=1.5, calm_s=5, call_s=3))


async def test_an_answer_that_drips_ends_at_the_limit_for_all_of_it(lab: Lab) -> None:
    await passes(lab, "F24", lambda made: patience.drip(made, runs=2, gap_s=1, stall_s=2.5, total_s=4))


async def test_runs_wait_for_a_provider_that_is_away_and_end_when_it_is_back(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F30", lambda made: patience.lose_the_provider(made, runs=6, away_s=6, probe_s=1.5))


async def test_a_key_is_one_task_however_often_it_comes(lab: Lab) -> None:
    await passes(lab, "F31", lambda made: meaning.repeat_keys(made, at_once=20, keys=10))


async def test_runs_go_on_after_their_only_worker_was_killed(lab: Lab) -> None:
    await passes(lab, "F01", lambda made: deaths.kill_the_only_worker(made, runs=3, call_s=2.5, kill_s=1, away_s=0))


async def test_a_worker_takes_over_what_another_one_died_of(lab: Lab) -> None:
    await staff(lab, 2)
    await passes(lab, "F02", lambda made: deaths.kill_one_of_two_workers(made, runs=3, call_s=1.5, kill_s=2))


async def test_an_answer_that_was_lost_before_it_was_settled_is_booked_twice_and_kept_once(lab: Lab) -> None:
    await passes(lab, "F03", lambda made: deaths.die_with_answers_in_hand(made, runs=5, delay_s=0.5))


async def test_what_was_committed_is_started_though_the_api_died(lab: Lab) -> None:
    await passes(lab, "F08", lambda made: deaths.lose_the_api_after_its_commit(made, runs=10))


async def test_a_client_that_was_never_answered_gets_its_task_at_the_next_try(lab: Lab) -> None:
    await passes(lab, "F09", lambda made: deaths.answer_nobody(made, keys=5))


async def test_runs_go_on_after_temporal_was_killed(lab: Lab) -> None:
    await passes(lab, "F12", lambda made: outages.lose_temporal(made, runs=10, call_s=1, away_s=5))


async def passes(lab: Lab, name: str, experiment: Experiment, wire: Wire = OPENAI) -> None:
    async with trial(lab, name, 1, wire) as made:
        await experiment(made)
    assert made.problems == []
