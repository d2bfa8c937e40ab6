"""Start and stop the parts of the stack (PostgreSQL, Redis, Temporal) that have no address in the settings."""

import asyncio
import time
from contextlib import AsyncExitStack
from types import ModuleType, TracebackType
from typing import Any

from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.db.refusals import DISK_FULL, sqlstate_of
from chimera.local import elsewhere, kept_secrets, model_server, payload_keys, ports, postgres, redis, temporal
from chimera.local.errors import ModelMissing, NoRoom
from chimera.local.folder import Folder, FolderLock
from chimera.local.ports import LOOPBACK
from chimera.local.register import Register
from chimera.local.space import SpaceWatch
from chimera.local.supervisor import Report, Service, Supervised
from chimera.local.together import together
from chimera.observe import disk


class LocalStack:
    """Runs the parts. In `async with LocalStack(settings, report=print) as settings`, they are ready and tables exist.

    The result is a copy of the settings with every address, the secrets and an absolute `data_dir`. With
    `services=False`, for stacks without API and simulator, the ports of these two aren't checked.
    """

    def __init__(self, settings: Settings, *, report: Report = lambda line: None, services: bool = True) -> None:
        self._settings = settings
        self._report = report
        self._services = services
        self._exit = AsyncExitStack()
        self.folder = Folder.named(settings.data_dir)
        self.register = Register(self.folder)
        self.parts: dict[str, Supervised] = {}

    async def __aenter__(self) -> Settings:
        """Start the parts. Raises FolderUnusable, FolderInUse, PortsTaken, PartsAway, PartMissing, NoRoom and other
        StartFailed errors.

        After an error, nothing is left running. If the checks before the start fail, a new folder isn't created.
        """
        try:
            return await self._enter()
        except Exception as error:
            if disk.is_full(error) or sqlstate_of(error) == DISK_FULL:
                raise NoRoom("Chimera", self.folder.root) from error
            raise

    async def _enter(self) -> Settings:
        async with AsyncExitStack() as undo:
            # If the folder exists, processes of an earlier start may still hold the ports, so they are ended first.
            if is_new := not self.folder.root.exists():
                await self._check_surroundings()
            self.folder.make()
            lock = FolderLock(self.folder)
            lock.acquire()
            undo.callback(lock.release)
            self._report(f"Data folder: {self.folder.root}")
            if stale := await asyncio.to_thread(self.register.end_stale):
                self._report(f"Stopped processes that an earlier start left running: {', '.join(stale)}")
            if not is_new:
                await self._check_surroundings()
            undo.push_async_callback(self._stop)
            watch = asyncio.create_task(SpaceWatch(self.folder, self._report).run(), name="watch the disk")
            undo.callback(watch.cancel)
            settings = self._settings.model_copy(update=await self._start())
            self._exit = undo.pop_all()
        return settings

    async def _check_surroundings(self) -> None:
        ports.check(ports.ports_of(self._settings, services=self._services))
        await elsewhere.check(self._settings, self._report)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def _start(self) -> dict[str, Any]:
        """Start all parts at once, and return the values to add to the settings."""
        settings = self._settings
        added: dict[str, Any] = {"data_dir": self.folder.root}
        if settings.temporal_address is None:
            added["payload_keys"] = self._payload_keys()
        for values in await together(self._start_database(), self._start_redis(), self._start_temporal()):
            added |= values
        if settings.jwt_secret is None:
            kept_secrets.make(self.folder, kept_secrets.SIGNING)
            added["jwt_secret"] = kept_secrets.kept(self.folder, kept_secrets.SIGNING)
        if settings.address_of("simulator") is None:
            added["simulator_url"] = simulator_url(settings)
        if settings.local_model is not None and model_server.is_wanted(settings):
            try:
                model_server.check(settings.local_model)
                added["local_base_url"] = model_server.base_url(settings)
            except ModelMissing as missing:
                # Everything else works without the model.
                self._report(
                    "Warning: Chimera is starting without the local model, so models whose names begin with local/ are"
                    f" unavailable. {missing}"
                )
        return added

    def _payload_keys(self) -> SecretStr:
        keys, missing = payload_keys.take(self.folder, self._settings.payload_keys)
        if missing:
            self._report(f"Warning: {payload_keys.warning(self.folder, missing)}")
        return keys

    async def _start_database(self) -> dict[str, Any]:
        url, migrate = await asyncio.gather(self._database_url(), asyncio.to_thread(_import_migrations))
        if (applied := await migrate.upgrade(url)) is not None:
            self._report(f"Tables at revision {applied}")
        return {"database_url": url}

    async def _database_url(self) -> str:
        if self._settings.database_url is not None:
            return self._settings.database_url
        began, is_new = time.monotonic(), not self.folder.postgres.exists()
        service = await postgres.prepare(self.folder)
        if is_new:
            self._report(f"Created PostgreSQL's files ({time.monotonic() - began:.1f} s)")
        await self._run(service)
        return await postgres.create_database(self.folder)

    async def _start_redis(self) -> dict[str, Any]:
        if self._settings.redis_url is not None:
            return {}
        await self._run(redis.prepare(self.folder))
        return {"redis_url": redis.address(self.folder)}

    async def _start_temporal(self) -> dict[str, Any]:
        settings = self._settings
        if settings.temporal_address is not None:
            return {}
        await self._run(temporal.prepare(self.folder, settings))
        return {
            "temporal_address": temporal.address(settings),
            "temporal_ui_url": settings.temporal_ui_url or temporal.ui_url(settings),
        }

    async def _run(self, service: Service) -> None:
        part = self.parts[service.name] = Supervised(service, self.folder, self.register, self._report)
        await part.start()

    async def _stop(self) -> None:
        await asyncio.gather(*(part.stop() for part in self.parts.values()))
        self.folder.remove_sockets()
        self._report("Chimera has stopped. Its data is kept in " + str(self.folder.root))


def _import_migrations() -> ModuleType:
    """Import Alembic and SQLAlchemy. This takes as long as PostgreSQL's start, so both happen at the same time."""
    from chimera.db import migrate

    return migrate


def simulator_url(settings: Settings) -> str:
    """Return the built-in simulator's address."""
    return f"http://{LOOPBACK}:{settings.simulator_port}"
