from collections.abc import AsyncIterator

import pytest

from chimera.config.settings import Settings
from chimera.temporal import client
from models.tasks import SubtaskMode
from tests.conftest import SimulatorServer
from tests.runs import Runs, runs_with_worker
from tests.until import LIMIT_S


@pytest.fixture(autouse=True)
def _patient_steering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is slow to answer, on a busy machine, is asked all the same."""
    monkeypatch.setattr(client, "STEER_SECONDS", LIMIT_S)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of tasks twice, because a task does the same wherever its subtasks run; not where MODES says less."""
    if "mode" in metafunc.fixturenames:
        metafunc.parametrize("mode", getattr(metafunc.module, "MODES", list(SubtaskMode)), scope="module")


@pytest.fixture(scope="module")
def mode() -> SubtaskMode:
    """Where the subtasks of `runs` run."""
    return SubtaskMode.CHILD


@pytest.fixture(scope="module")
async def runs(settings: Settings, simulator: SimulatorServer, mode: SubtaskMode) -> AsyncIterator[Runs]:
    """Runs on the real parts, with a worker in this process and the simulator in its own."""
    with_simulator = settings.model_copy(update={"simulator_url": simulator.url, "graceful_shutdown_s": 1.0})
    async with runs_with_worker(with_simulator) as started:
        started.mode = mode
        yield started
