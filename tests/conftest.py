"""Fixtures for every test. Settings come only from here, never from the environment of the person running the tests."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chimera.config.settings import Settings
from chimera.config.sources import FromSurroundings
from chimera.db.engine import Database
from chimera.limits import shared
from chimera.local import processes
from tests import weak_keys
from tests.parts import forget_open_work, fresh_database, running_parts
from tests.ports import free_port
from tests.until import LIMIT_S

for _name in [name for name in os.environ if re.match(r"CHIMERA_(?!TEST_)|OPENAI_|ANTHROPIC_|GOOGLE_|GEMINI_", name)]:
    del os.environ[_name]
for _source in (FromSurroundings, Settings):
    _source.model_config["env_file"] = None
# The same goes for processes that tests start.
os.environ["CHIMERA_ENV_FILE"] = ""

_session = pytest.StashKey[pytest.Session]()


@pytest.fixture(scope="session")
def starts_servers() -> None:
    """Requested, directly or indirectly, by each test that starts servers; `./test.sh quick` skips these tests."""


@pytest.fixture(scope="session")
async def parts(starts_servers: None) -> AsyncIterator[Settings]:
    """Start PostgreSQL, Redis and Temporal once, and yield settings with their addresses. Prefer `settings`."""
    async with running_parts() as settings:
        yield settings


@pytest.fixture(scope="session")
async def run_settings(parts: Settings) -> AsyncIterator[Settings]:
    """Settings with a database for this test run, including its tables."""
    async with fresh_database(parts.database_url or "") as url:
        yield parts.model_copy(update={"database_url": url})


@pytest.fixture(scope="module")
async def settings(run_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Return this run's settings with a task queue for the module, so that no worker takes another module's work."""
    await forget_open_work(run_settings.database_url or "")
    return run_settings.model_copy(update={"task_queue": f"test-{request.node.name}"})


@pytest.fixture(scope="session")
async def database(run_settings: Settings) -> AsyncIterator[Database]:
    database = Database(run_settings)
    yield database
    await database.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let limits wait for Redis as long as a busy machine needs: otherwise, each process would count alone."""
    monkeypatch.setattr(shared, "WAIT_S", 10.0)


@dataclass(frozen=True)
class SimulatorServer:
    """The simulator in its own process, as in production."""

    url: str
    journal: Path
    pid: int

    def asked(self) -> list[dict[str, Any]]:
        """Return the requests that it received, in order: the provider's side of the count."""
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text().splitlines()]


@pytest.fixture(scope="session")
async def simulator(starts_servers: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimulatorServer]:
    """Run a simulator with a journal. Tests recognise their own entries by their task's ID."""
    folder = tmp_path_factory.mktemp("simulator")
    journal, output, port = folder / "simulator.jsonl", folder / "simulator.out", free_port()
    process = processes.spawn(
        [sys.executable, "-m", "chimera.simulator", "--port", str(port), "--journal", str(journal)],
        environment=os.environ,
        output=output,
        death_signal=signal.SIGKILL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
            while not await _is_up(client, f"{url}/health"):
                assert process.poll() is None, f"the simulator ended:\n{processes.last_lines(output)}"
                await asyncio.sleep(0.05)
        yield SimulatorServer(url, journal, process.pid)
    finally:
        await processes.stop(process, signal.SIGTERM, limit_s=60)


async def _is_up(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx2.HTTPError:
        return False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "starts_servers" in item.fixturenames:
            item.add_marker("servers")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Prevent tests that don't request `starts_servers` from starting servers: these would slow down the quick run."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("servers") is None:
            patch.setattr(processes, "spawn", _refuse_servers)
        return (yield)


def _refuse_servers(command: Sequence[str], **options: object) -> None:
    raise AssertionError(f"A test that starts {command[0]!r} must ask for the fixture 'starts_servers'.")


def pytest_configure(config: pytest.Config) -> None:
    # In processes started by pytest-xdist, coverage begins after this hook.
    is_measured = bool(getattr(config.option, "cov_source", None))
    weak_keys.use_in_tracers(is_traced=is_measured or sys.gettrace() is not None)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_session] = session


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Exit without tearing down the interpreter if Temporal's client was used.

    The client's threads can abort the process during the teardown (sdk-python #300), so a successful run would end with
    exit code 134. By now, everything has been written: coverage and reports when the session finished, the summary
    before that.
    """
    session = config.stash.get(_session, None)
    is_xdist_worker = hasattr(config, "workerinput")
    if session is None or is_xdist_worker or "temporalio.bridge.temporal_sdk_bridge" not in sys.modules:
        return
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(int(session.exitstatus))
