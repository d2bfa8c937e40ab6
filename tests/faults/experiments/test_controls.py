"""A cancel and another control at once, with one pair of each kind."""

from datetime import UTC, datetime

import pytest

from tests.faults.experiments import controls
from tests.faults.experiments.controls import Pair, judge
from tests.faults.lab import Lab
from tests.faults.trials import Trial, passes

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_an_accepted_cancel_ends_its_task(lab: Lab) -> None:
    await passes(lab, "controls", lambda made: controls.pair_controls(made, pairs=1, least=0.1))


async def test_a_cancel_that_ended_otherwise_is_seen(ended: Trial) -> None:
    await judge(ended, [accepted(ended, datetime.now(UTC))])
    assert [problem.partition(": ")[2] for problem in ended.problems] == [
        "the cancel was accepted, but the task is completed"
    ]


async def test_a_call_begun_after_a_cancel_is_seen(ended: Trial) -> None:
    await judge(ended, [accepted(ended, datetime(2020, 1, 1, tzinfo=UTC))])
    assert ended.problems[-1].endswith("a call started after the response to the cancel")


async def test_a_control_that_breaks_is_seen(ended: Trial) -> None:
    pair = accepted(ended, datetime.now(UTC))
    pair.statuses += [500, 0]
    await judge(ended, [pair])
    assert ended.problems[0].endswith("returned [500, 0]")


def accepted(ended: Trial, at: datetime) -> Pair:
    (task_id,) = ended.offers.accepted()
    return Pair("pause", "start", task_id, [202, 202], at)
