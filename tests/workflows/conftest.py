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
    """Let guidance wait for a run that is slow to respond on a busy machine."""
    monkeypatch.setattr(client, "STEER_SECONDS", LIMIT_S)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of tasks for each place where subtasks can run, because the result is the same; MODES limits this."""
    if "mode" in metafunc.fixturenames:
        metafunc.parametrize("mode", getattr(metafunc.module, "MODES", list(SubtaskMode)), scope="module")


@pytest.fixture(scope="module")
def mode() -> SubtaskMode:
    """Return the place where the subtasks of `runs` run."""
    return SubtaskMode.CHILD


@pytest.fixture(scope="module")
async def runs(settings: Settings, simulator: SimulatorServer, mode: SubtaskMode) -> AsyncIterator[Runs]:
    """Yield runs on the real servers, with a worker in this process and the simulator in its own."""
    with_simulator = settings.model_copy(update={"simulator_url": simulator.url, "graceful_shutdown_s": 1.0})
    async with runs_with_worker(with_simulator) as started:
        started.mode = mode
        yield started
