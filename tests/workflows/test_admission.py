"""Tasks wait in the queue while the maximum number of tasks is running, and start when one ends."""

from collections.abc import AsyncIterator

import pytest

from chimera.config.settings import Settings
from chimera.ledger import admission
from chimera.ledger.admission import OWN_PLACES
from models.ids import TaskId
from tests.conftest import SimulatorServer
from tests.runs import Runs, a_subtask, runs_with_worker

HANGS = [a_subtask("a", "[[sim: hang=1]] go")]


@pytest.fixture
async def runs(settings: Settings, simulator: SimulatorServer) -> AsyncIterator[Runs]:
    changes = {"simulator_url": simulator.url, "graceful_shutdown_s": 1.0, "max_running_tasks": 1}
    async with runs_with_worker(settings.model_copy(update=changes)) as started:
        yield started


async def queue_place(runs: Runs, task_id: TaskId) -> int | None:
    async with runs.database.statements() as connection:
        return await admission.place_of(connection, task_id)


async def test_a_queued_task_starts_when_one_ends(runs: Runs) -> None:
    running = [await runs.start("Run.", plan=HANGS) for _ in range(OWN_PLACES)]
    for task_id in running:
        await runs.event(task_id, "model_call.started")
    waiting = [await runs.start("Wait.", plan=[a_subtask("a")]) for _ in range(2)]
    assert [await queue_place(runs, task_id) for task_id in waiting] == [1, 2]
    assert [(await runs.row(task_id))["status"] for task_id in waiting] == ["queued"] * 2
    for task_id in running:
        await runs.cancel(task_id)
    assert [(await runs.ended(task_id))["status"] for task_id in (*running, *waiting)] == [
        *["cancelled"] * OWN_PLACES,
        *["completed"] * 2,
    ]


async def test_a_queued_task_can_be_cancelled(runs: Runs) -> None:
    running = [await runs.start("Run.", plan=HANGS) for _ in range(OWN_PLACES)]
    for task_id in running:
        await runs.event(task_id, "model_call.started")
    waiting = await runs.start("Wait.", plan=HANGS)
    assert await queue_place(runs, waiting) == 1
    await runs.cancel(waiting)
    assert (await runs.ended(waiting))["status"] == "cancelled"
    assert (await runs.row(waiting))["model_calls"] == 0
    for task_id in running:
        await runs.cancel(task_id)
        await runs.ended(task_id)
