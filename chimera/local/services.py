"""Chimera's processes other than the databases and Temporal: simulator, local model, API and workers."""

import asyncio
import signal
import sys
from pathlib import Path
from types import TracebackType

import httpx2

from chimera.config.settings import Settings
from chimera.local import model_server, processes, surroundings
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.stack import simulator_url
from chimera.local.supervisor import Report, Service, Supervised
from chimera.local.together import together

READY_FILE = "CHIMERA_READY_FILE"
"""The variable that names a file. The worker writes its process id to this file once it polls."""

ORDERLY_S = 5.0
"""How long calls in flight may take when a user stops the stack. Unfinished calls continue at the next start."""


class LocalServices:
    """Runs the processes: `async with LocalServices(settings, register) as services`, with a LocalStack's settings.

    `services.worker.kill()` ends the worker as a crash would. Another one is started automatically.
    """

    def __init__(
        self, settings: Settings, register: Register, *, report: Report = lambda line: None, workers: int = 1
    ) -> None:
        self._settings = settings
        folder = Folder.at(settings.data_dir)
        graceful_s = min(settings.graceful_shutdown_s, ORDERLY_S)
        # Workers don't sign users in, and check no tokens.
        without = dict.fromkeys(("jwt_secret", "setup_token", "oidc_client_secret"))
        for_workers = _client(settings, graceful_shutdown_s=graceful_s, **without)
        # Only workers run tools, so only they receive the secrets and the file of the installation's MCP servers.
        for_workers |= surroundings.of_secrets(settings)
        self.workers = [
            Supervised(_worker(settings, folder, for_workers, number), folder, register, report)
            for number in range(1, workers + 1)
        ]
        self.worker = self.workers[0]
        for_api = _client(settings, graceful_shutdown_s=graceful_s, mcp_file=None)
        self.api = Supervised(_api(settings, folder, for_api), folder, register, report)
        self.model: Supervised | None = None
        if settings.local_model is not None and settings.address_of("local") == model_server.base_url(settings):
            self.model = Supervised(_model(settings, settings.local_model, folder), folder, register, report)
        self.simulator: Supervised | None = None
        if settings.address_of("simulator") == simulator_url(settings):
            self.simulator = Supervised(_simulator(settings, folder), folder, register, report)

    async def __aenter__(self) -> "LocalServices":
        try:
            await together(*(service.start() for service in self._all()))
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers), self.api.stop())
        # Stopped last, so that calls in flight can still be answered.
        if self.simulator is not None:
            await self.simulator.stop()
        if self.model is not None:
            await self.model.stop()

    def _all(self) -> list[Supervised]:
        return [each for each in (self.simulator, self.model, *self.workers, self.api) if each is not None]


def _client(settings: Settings, **changes: object) -> dict[str, str]:
    """Return the environment of a process that reads settings. It contains all of them, so there's no other source."""
    return surroundings.for_client() | surroundings.of_settings(settings, **changes) | {"CHIMERA_ENV_FILE": ""}


def _alone(folder: Folder, found: dict[str, str]) -> dict[str, str]:
    """Return the environment of a process that reads no settings: only the data folder of its stack."""
    return found | {"PYTHONUNBUFFERED": "1", "CHIMERA_DATA_DIR": str(folder.root)}


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    # With -P, Python doesn't import a folder named `models` or `api` in the current folder.
    return (sys.executable, "-P", "-m", name, *arguments)


def _worker(settings: Settings, folder: Folder, environment: dict[str, str], number: int) -> Service:
    name = "worker" if number == 1 else f"worker-{number}"
    ready = folder.run / f"{name}.ready"

    async def polls(pid: int) -> bool:
        return ready.exists() and ready.read_text() == str(pid)

    return Service(
        name=name,
        title="Worker" if number == 1 else f"Worker {number}",
        command=_module("worker", name),
        environment=environment | {READY_FILE: str(ready)},
        log=_log_of(settings, folder, name),
        before=lambda: ready.unlink(missing_ok=True),
        ready=polls,
        stop_limit_s=ORDERLY_S + 5,
        # If the parent is gone, so are the servers, and the worker can't finish its calls.
        death_signal=getattr(signal, "SIGKILL", signal.SIGTERM),
    )


def _api(settings: Settings, folder: Folder, environment: dict[str, str]) -> Service:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "localhost") else settings.host  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}/health/ready"
    return Service(
        name="api",
        title="API",
        command=_module("api"),
        environment=environment,
        log=_log_of(settings, folder, "api"),
        ready=lambda pid: _answers(url, pid, settings.api_port),
    )


def _log_of(settings: Settings, folder: Folder, name: str) -> Path:
    """Return the path of the log file that `chimera/observe/logging.py` writes."""
    return (settings.log_dir or folder.logs) / f"{name}.log"


def _simulator(settings: Settings, folder: Folder) -> Service:
    journal = str(folder.simulator_journal)
    return Service(
        name="simulator",
        title="Simulator",
        command=_module("chimera.simulator", "--port", str(settings.simulator_port), "--journal", journal),
        environment=_alone(folder, surroundings.for_python()),
        ready=lambda pid: _answers(f"{simulator_url(settings)}/health", pid, settings.simulator_port),
    )


def _model(settings: Settings, local_model: str, folder: Folder) -> Service:
    name = model_server.name_of(local_model)
    file = model_server.file_of(local_model, folder)
    return Service(
        name="model",
        title=f"Model local/{name}",
        command=_module(
            "chimera.local.model_server", "--file", str(file), "--name", name, "--port", str(settings.local_model_port)
        ),
        environment=_alone(folder, surroundings.for_model()),
        ready=lambda pid: _answers(f"{model_server.base_url(settings)}/models", pid, settings.local_model_port),
    )


async def _answers(url: str, pid: int, port: int) -> bool:
    try:
        # No proxy, because the address is on this machine.
        async with httpx2.AsyncClient(trust_env=False, timeout=5.0) as client:
            answers = (await client.get(url)).is_success
    except httpx2.HTTPError:
        return False
    return answers and processes.listens(pid, port)
