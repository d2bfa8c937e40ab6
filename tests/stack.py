"""A separate stack: the embedded servers on free ports, Chimera's processes, and a signed-in client."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from temporalio.client import Client

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.limits.rates import SETTINGS as RATES
from chimera.local import LocalServices, LocalStack
from chimera.local.folder import Folder
from chimera.local.redis import admin_address
from chimera.local.supervisor import Report, Supervised
from chimera.local.surroundings import of_settings
from chimera.security.accounts import ensure_first_user
from chimera.security.sessions import Auth
from chimera.temporal.client import Temporal
from models.users import Credentials
from tests.ports import free_port
from tests.wires.gateway.service import SimulatedVendor, gateway, settings_for

UNREACHED = 10**9


@dataclass(frozen=True, slots=True)
class Stack:
    """The running parts and a signed-in client."""

    settings: Settings
    services: LocalServices
    parts: Mapping[str, Supervised]
    """PostgreSQL, Redis and Temporal, by name."""
    provider: tuple[Supervised, ...]
    """The simulated provider: the simulator, and the gateway in front of it, if there is one."""
    temporal: Client
    api: httpx2.AsyncClient

    @property
    def environment(self) -> dict[str, str]:
        return of_settings(self.settings)

    @property
    def redis_admin_url(self) -> str:
        """Return Redis's address for the user with all rights; the user in `settings` only accesses Chimera's keys."""
        return admin_address(Folder.named(self.settings.data_dir))


@asynccontextmanager
async def running_stack(
    folder: Path, *, workers: int = 1, wires: Sequence[SimulatedVendor] = (), report: Report = print, **changes: object
) -> AsyncIterator[Stack]:
    """Start everything in `folder`, on ports that are free now. The simulator can also be called on `wires`."""
    api, temporal, ui, simulator, before_it = (free_port() for _ in range(5))
    asked = Settings(
        data_dir=folder,
        api_port=api,
        temporal_port=temporal,
        temporal_ui_port=ui,
        simulator_port=simulator,
        # A client signs in only once, and some benchmarks take longer than half an hour.
        access_token_minutes=24 * 60,
    )
    # Requests are counted, but never too many: benchmarks send thousands a second.
    rates = dict.fromkeys(RATES.values(), UNREACHED)
    asked = asked.model_copy(update={**rates, **settings_for(wires, before_it), **changes})
    stack = LocalStack(asked, report=report)
    async with (
        stack as settings,
        # The gateway is opened before the workers, so that it ends after them.
        gateway(wires, settings, before_it, stack.register, report) as translating,
        LocalServices(settings, stack.register, report=report, workers=workers) as services,
    ):
        provider = tuple(each for each in (translating, services.simulator) if each is not None)
        token = await _token(settings)
        base = f"http://127.0.0.1:{settings.api_port}"
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=60, trust_env=False) as client:
            yield Stack(settings, services, stack.parts, provider, await Temporal(settings).client(), client)


async def _token(settings: Settings) -> str:
    database = Database(settings)
    try:
        first = await ensure_first_user(database)
        if first is None:
            raise RuntimeError("the folder of a benchmark must be new")
        tokens = await Auth(database, settings).login(Credentials(email=first[0], password=first[1]))
    finally:
        await database.close()
    return tokens.access_token
