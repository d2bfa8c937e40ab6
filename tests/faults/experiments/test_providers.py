"""Answers that are cut, wrong or harmful, with few runs, on every wire. F22 is in tests/workflows/test_tasks.py."""

import asyncio

import pytest

from tests.faults import jobs
from tests.faults.experiments import providers, tool_calls
from tests.faults.lab import Lab, until
from tests.faults.trials import passes, trial
from tests.until import LIMIT_S
from tests.wires.gateway.service import ANTHROPIC, GOOGLE, OPENAI, SimulatedVendor

pytestmark = pytest.mark.usefixtures("one_worker")


async def test_a_provider_fault_is_paid_once_and_not_stored(lab: Lab) -> None:
    """F25 (cut streams), F27 (nonsense), F28 (poison), F29 (3 MB and 10 MB). Nothing dies, so all run at once."""
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


@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC, GOOGLE], ids=lambda wire: wire.vendor)
async def test_no_tool_runs_with_cut_arguments(lab: Lab, wire: SimulatedVendor) -> None:
    await passes(lab, "F26", lambda made: tool_calls.cut_tool_calls(made, rounds=1), wire)


async def test_faults_on_other_wires_are_not_stored(lab: Lab) -> None:
    """Run F27 through both SDKs at once."""
    await asyncio.gather(
        passes(lab, "F27", lambda made: providers.answer_nonsense(made, runs=1), ANTHROPIC),
        passes(lab, "F27", lambda made: providers.answer_nonsense(made, runs=1), GOOGLE),
    )


@pytest.mark.parametrize("wire", [ANTHROPIC, GOOGLE], ids=lambda wire: wire.vendor)
async def test_an_abandoned_call_ends_behind_the_gateway(lab: Lab, wire: SimulatedVendor) -> None:
    async with trial(lab, "gone", 1, wire) as made:
        (task_id,) = await made.offers.post_all([jobs.one_call("hang=1")])
        assert await until(lambda: arrived_as(lab, task_id, ["arrived"]), LIMIT_S)
        await lab.http.post(f"/api/v1/tasks/{task_id}/cancel")
        assert await until(lambda: arrived_as(lab, task_id, ["cut"]), LIMIT_S)


async def arrived_as(lab: Lab, task_id: str, expected: list[str]) -> bool:
    return [arrival.phase for arrival in lab.journal() if arrival.task_id == task_id] == expected
