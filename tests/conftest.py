"""What every test may ask for. Settings come only from here, never from the environment of whoever runs the tests."""

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
from chimera.db.engine import Database
from chimera.local import processes
from tests import weak_keys
from tests.parts import forget_open_work, fresh_database, running_parts
from tests.ports import free_port

for _name in [name for name in os.environ if re.match(r"CHIMERA_(?!TEST_)|OPENAI_|ANTHROPIC_|GOOGLE_|GEMINI_", name)]:
    del os.environ[_name]
Settings.model_config["env_file"] = None
# The same for the processes that tests start.
os.environ["CHIMERA_ENV_FILE"] = ""

_session = pytest.StashKey[pytest.Session]()


@pytest.fixture(scope="session")
def starts_servers() -> None:
    """Asked for, through a fixture or by name, by each test that starts servers: `./test.sh quick` leaves it out."""


@pytest.fixture(scope="session")
async def parts(starts_servers: None) -> AsyncIterator[Settings]:
    """PostgreSQL, Redis and Temporal, started once; settings with their addresses. Prefer `settings`."""
    async with running_parts() as settings:
        yield settings


@pytest.fixture(scope="session")
async def run_settings(parts: Settings) -> AsyncIterator[Settings]:
    """Settings on a database of this run, with its tables."""
    async with fresh_database(parts.database_url or "") as url:
        yield parts.model_copy(update={"database_url": url})


@pytest.fixture(scope="module")
async def settings(run_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings of this run with a task queue of this module, so that no worker takes another module's work."""
    await forget_open_work(run_settings.database_url or "")
    return run_settings.model_copy(update={"task_queue": f"test-{request.node.name}"})


@pytest.fixture(scope="session")
async def database(run_settings: Settings) -> AsyncIterator[Database]:
    database = Database(run_settings)
    yield database
    await database.close()


@dataclass(frozen=True)
class SimulatorServer:
    """The simulator in a process of its own, as in production."""

    url: str
    journal: Path
    pid: int

    def asked(self) -> list[dict[str, Any]]:
        """Return what reached it, in order: the provider's side of the count."""
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text().splitlines()]


@pytest.fixture(scope="session")
async def simulator(starts_servers: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimulatorServer]:
    """A simulator with a journal; tests tell their own entries by their task's id."""
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
        async with httpx2.AsyncClient(trust_env=False) as client:
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
    """Refuse a server to a test that did not ask for `starts_servers`: it would slow the quick run down."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("servers") is None:
            patch.setattr(processes, "spawn", _refuse_servers)
        return (yield)


def _refuse_servers(command: Sequence[str], **options: object) -> None:
    raise AssertionError(f"A test that starts {command[0]!r} must ask for the fixture 'starts_servers'.")


def pytest_configure(config: pytest.Config) -> None:
    # In a process that pytest-xdist started, coverage begins after this.
    is_measured = bool(getattr(config.option, "cov_source", None))
    weak_keys.use_in_tracers(is_traced=is_measured or sys.gettrace() is not None)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_session] = session


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without tearing the interpreter down, where Temporal's client was used.

    Its threads can abort the process at that point (sdk-python #300), and a run that passed would end with exit code
    134. By now all is written: coverage and reports when the session finished, the summary before that.
    """
    session = config.stash.get(_session, None)
    is_xdist_worker = hasattr(config, "workerinput")
    if session is None or is_xdist_worker or "temporalio.bridge.temporal_sdk_bridge" not in sys.modules:
        return
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(int(session.exitstatus))
