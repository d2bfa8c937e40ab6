"""Operations on Redis that the benchmark's rows need and that the API and the workers have no right to."""

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import cast

import httpx2
import pytest
from redis.asyncio import Redis
from temporalio.client import Client

from benchmarks.security import stores, versions
from benchmarks.security.revocation import emptied
from chimera.config.settings import Settings
from chimera.local import LocalServices, redis
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.supervisor import Supervised
from tests.parts import settings_in, short_folder
from tests.stack import Stack


@pytest.fixture
async def stack(run_settings: Settings) -> AsyncIterator[Stack]:
    """A stack with only Redis and PostgreSQL."""
    with short_folder() as path:
        folder = Folder.at(path)
        server = Supervised(redis.prepare(folder), folder, Register(folder), lambda line: None)
        await server.start()
        settings = settings_in(path, redis_url=redis.address(folder), database_url=run_settings.database_url)
        try:
            yield Stack(
                settings=settings,
                services=cast(LocalServices, None),
                parts=MappingProxyType({"redis": server}),
                provider=(),
                temporal=cast(Client, None),
                api=cast(httpx2.AsyncClient, None),
            )
        finally:
            await server.stop()


async def test_every_kind_of_key_is_searched(stack: Stack) -> None:
    async with Redis.from_url(stack.settings.redis_url or "") as app:
        await app.set("chimera:a", "said in a string")
        await app.hset("chimera:b", "name", "said in a hash")
        await app.xadd("chimera:c", {"name": "said in a stream"})
    found = (await stores.redis(stack)).decode()
    assert all(f"said in a {kind}" in found for kind in ("string", "hash", "stream"))


async def test_redis_is_empty_when_emptied(stack: Stack) -> None:
    async with Redis.from_url(stack.settings.redis_url or "") as app:
        await app.set("chimera:a", "1")
        assert await emptied(stack) == 0
        assert await app.get("chimera:a") is None


async def test_running_versions_are_reported(stack: Stack) -> None:
    seen = await versions.servers(stack)
    assert seen.trials
    assert not seen.problems
    assert "PostgreSQL" in seen.figures
