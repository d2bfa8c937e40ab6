"""A Redis of one test's own, which the test may empty, freeze, stop and start."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from chimera.local import redis
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.supervisor import Supervised
from tests.parts import short_folder


@dataclass
class OwnRedis:
    """The server, with the address for the user that may do only what Chimera does."""

    folder: Folder
    server: Supervised
    url: str

    async def empty(self) -> None:
        async with Redis.from_url(redis.admin_address(self.folder)) as client:
            await client.flushall()

    async def keys(self) -> list[str]:
        async with Redis.from_url(redis.admin_address(self.folder)) as client:
            return [str(key) for key in await client.keys()]

    async def stop(self) -> None:
        await self.server.stop()

    async def start(self) -> None:
        await self.server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the server accept connections but answer nothing."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def own_redis() -> AsyncIterator[OwnRedis]:
    """Start a server in its own folder, and stop it at the end. The test needs the fixture `starts_servers`."""
    with short_folder() as path:
        folder = Folder.at(path)
        server = Supervised(redis.prepare(folder), folder, Register(folder), lambda line: None)
        await server.start()
        try:
            yield OwnRedis(folder, server, redis.address(folder))
        finally:
            await server.stop()
