"""A stack to break: each process can be killed, kept down and brought back, with failpoints where needed."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import RowMapping, text

from chimera.db.engine import Database
from chimera.local import Supervised
from chimera.local.folder import Folder
from chimera.local.supervisor import Report
from models import runs
from tests.faults.journal import Arrival, read_journal
from tests.stack import Stack, running_stack
from tests.wires.gateway.service import SimulatedVendor

OPEN = f"({', '.join(repr(status.value) for status in sorted(runs.OPEN))})"


@dataclass(frozen=True, slots=True)
class Lab:
    """A running stack, its database, and a client without a connection limit."""

    stack: Stack
    database: Database
    http: httpx2.AsyncClient

    @property
    def workers(self) -> list[Supervised]:
        return self.stack.services.workers

    @property
    def api(self) -> Supervised:
        return self.stack.services.api

    @property
    def temporal(self) -> Supervised:
        return self.stack.parts["temporal"]

    @property
    def folder(self) -> Folder:
        return Folder.at(self.stack.settings.data_dir)

    def scratch(self, name: str) -> Path:
        """Return the path for a file that an experiment needs."""
        return self.folder.run / name

    def journal(self) -> list[Arrival]:
        """Return everything that reached the provider."""
        return read_journal(self.folder.simulator_journal)

    def output_of(self, *names: str) -> str:
        """Return what processes have printed so far, one after another."""
        files = (self.folder.output_of(name) for name in names)
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    async def rows(self, query: str, **values: Any) -> list[RowMapping]:
        async with self.database.begin() as session:
            return list((await session.execute(text(query), values)).mappings())

    async def count(self, query: str, **values: Any) -> int:
        """Run a query that returns one number."""
        async with self.database.begin() as session:
            return int((await session.execute(text(query), values)).scalar_one())

    async def open_runs(self, prefix: str) -> int:
        """Count an experiment's tasks that haven't ended."""
        return await self.count(
            f"SELECT count(*) FROM runs WHERE idempotency_key LIKE :prefix AND status IN {OPEN}", prefix=f"{prefix}%"
        )

    async def calls_in_flight(self, prefix: str) -> int:
        return await self.count(
            "SELECT count(*) FROM call_attempts a JOIN runs t ON t.id = a.run_id"
            " WHERE t.idempotency_key LIKE :prefix AND a.status = 'started'",
            prefix=f"{prefix}%",
        )

    async def all_ended(self, prefix: str, limit_s: float) -> bool:
        """Wait until every task of an experiment has ended; return False if one hasn't after `limit_s`."""
        return await until(lambda: self._none_open(prefix), limit_s)

    async def _none_open(self, prefix: str) -> bool:
        return await self.open_runs(prefix) == 0


async def staff(lab: Lab, number: int) -> None:
    """Make the first `number` workers run, and no others."""
    for worker in lab.workers[number:]:
        await worker.stop()
    for worker in lab.workers[:number]:
        if worker.pid is None:
            await worker.start()


async def crash(service: Supervised) -> datetime:
    """End a process with SIGKILL without starting another; return when."""
    at = datetime.now(UTC)
    orderly = service.service
    service.service = replace(orderly, stop_signal=signal.SIGKILL)
    await service.stop()
    service.service = orderly
    return at


async def revive(service: Supervised) -> datetime:
    """Restart a process that was ended; return when it was ready."""
    await service.start()
    return datetime.now(UTC)


async def lose(provider: Sequence[Supervised]) -> None:
    """End the simulated provider, the gateway first: whatever gets past the gateway must reach the simulator."""
    for service in provider:
        await crash(service)


async def bring_back(provider: Sequence[Supervised]) -> datetime:
    """Restart the simulated provider, the simulator first; return when all of it was ready."""
    for service in reversed(provider):
        await revive(service)
    return datetime.now(UTC)


async def terminate(service: Supervised, limit_s: float) -> float:
    """End a process with SIGTERM, as a deployment does; return how many seconds it took to exit."""
    began = time.monotonic()
    orderly = service.service
    service.service = replace(orderly, stop_limit_s=limit_s)
    await service.stop()
    service.service = orderly
    return time.monotonic() - began


def configure(service: Supervised, **variables: str) -> None:
    """Set variables for a service's next process, such as `failpoints="after_insert=hang"`."""
    changes = {f"CHIMERA_{name.upper()}": value for name, value in variables.items()}
    service.service = replace(service.service, environment={**service.service.environment, **changes})


@asynccontextmanager
async def configured(service: Supervised, **variables: str) -> AsyncIterator[None]:
    """Restart a service with other variables. Processes started after the block have the original ones again."""
    before = service.service
    configure(service, **variables)
    await service.restart()
    try:
        yield
    finally:
        service.service = before


@asynccontextmanager
async def reconfigured(lab: Lab, **variables: str) -> AsyncIterator[None]:
    """Run the current workers with other settings, and restore their own settings afterward."""
    running = [worker for worker in lab.workers if worker.pid is not None]
    async with AsyncExitStack() as changed:
        # These run last, when the workers have their own settings again.
        for worker in running:
            changed.push_async_callback(worker.restart)
        for worker in running:
            await changed.enter_async_context(configured(worker, **variables))
        yield


async def until(holds: Callable[[], Awaitable[bool]], limit_s: float, every_s: float = 0.1) -> bool:
    """Check repeatedly whether a condition holds; return False if it doesn't after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(every_s)
    return True


@asynccontextmanager
async def open_lab(
    folder: Path, *, workers: int = 1, wires: Sequence[SimulatedVendor] = (), report: Report = print, **changes: object
) -> AsyncIterator[Lab]:
    """Start a separate stack in `folder`, whose simulator can also be called on `wires`."""
    async with running_stack(folder, workers=workers, wires=wires, report=report, **changes) as stack:
        database = Database(stack.settings)
        async with httpx2.AsyncClient(
            base_url=stack.api.base_url,
            headers={"Authorization": stack.api.headers["Authorization"]},
            timeout=30,
            trust_env=False,
            # Close idle connections before the server does: a request that uses one as it is closed would fail.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=1),
        ) as client:
            try:
                yield Lab(stack, database, client)
            finally:
                await database.close()
