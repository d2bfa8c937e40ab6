"""Open connections of several API processes, with a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from api.user_limits import OpenByUser
from chimera.config.settings import Settings
from chimera.limits import leases
from chimera.limits.shared import SharedRedis
from models.errors import LimitReached
from models.ids import UserId
from tests.own_redis import OwnRedis, own_redis
from tests.until import until, until_true

MOST = 5
ALICE = UserId("alice")


@pytest.fixture
async def redis(starts_servers: None) -> AsyncIterator[OwnRedis]:
    async with own_redis() as redis:
        yield redis


@pytest.fixture
async def processes(redis: OwnRedis, patience: None) -> AsyncIterator[list[OpenByUser]]:
    settings = Settings(max_sockets=MOST)
    four = [OpenByUser("open sockets", "max_sockets", settings, SharedRedis(redis.url)) for _ in range(4)]
    yield four
    for each in four:
        await each.close()


async def _open(process: OpenByUser, kept: AsyncExitStack) -> bool:
    try:
        await kept.enter_async_context(process.one_more(ALICE))
    except LimitReached:
        return False
    return True


async def _has_keys(redis: OwnRedis) -> bool:
    return bool(await redis.keys())


async def test_processes_share_a_users_connections(processes: list[OpenByUser]) -> None:
    async with AsyncExitStack() as kept:
        opened = await asyncio.gather(*(_open(processes[index % 4], kept) for index in range(40)))
        assert sum(opened) == MOST
        await kept.enter_async_context(processes[0].one_more(UserId("bob")))


async def test_a_closed_connection_makes_room(processes: list[OpenByUser]) -> None:
    async with AsyncExitStack() as kept:
        assert all([await _open(processes[0], kept) for _ in range(MOST)])
        assert not await _open(processes[1], kept)
    async with AsyncExitStack() as kept:
        await until(lambda: not processes[0]._leases._ending)
        assert all([await _open(processes[1], kept) for _ in range(MOST)])


async def test_a_dead_process_leaves_no_connections(
    processes: list[OpenByUser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_EXPIRES_MS", "300")
    dead, live = processes[:2]
    async with AsyncExitStack() as kept:
        assert all([await _open(dead, kept) for _ in range(MOST)])
        await dead.close()
        async with AsyncExitStack() as later:

            async def opens() -> bool:
                return await _open(live, later)

            await until_true(opens)


async def test_renewals_restore_an_emptied_redis(
    redis: OwnRedis, processes: list[OpenByUser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_S", 0.05)
    async with AsyncExitStack() as kept:
        assert all([await _open(processes[0], kept) for _ in range(MOST)])
        await redis.empty()
        await until_true(lambda: _has_keys(redis))
        assert not await _open(processes[1], kept)


async def test_a_process_counts_alone_without_redis(redis: OwnRedis, processes: list[OpenByUser]) -> None:
    await redis.stop()
    async with AsyncExitStack() as kept:
        assert sum([await _open(processes[0], kept) for _ in range(20)]) == MOST
    await redis.start()
