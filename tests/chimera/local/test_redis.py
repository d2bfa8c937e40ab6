"""Rights in the embedded Redis. All other tests show that Chimera's own rights suffice."""

import stat
from collections.abc import AsyncIterator

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from chimera.local import kept_secrets, redis
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.supervisor import Supervised
from tests.parts import short_folder

REFUSED = (
    *("CONFIG GET *", "CONFIG SET maxmemory 1", "FLUSHALL", "FLUSHDB", "SHUTDOWN", "DEBUG SLEEP 0", "KEYS *", "SCAN 0"),
    *("SAVE", "BGSAVE", "REPLICAOF NO ONE", "SWAPDB 0 1", "ACL LIST", "ACL WHOAMI", "CLIENT LIST", "CLIENT KILL ID 1"),
    *(
        "MONITOR",
        "MODULE LIST",
        "SCRIPT FLUSH",
        "INFO",
        "RANDOMKEY",
        "MIGRATE h 1 k 0 1",
        "PUBSUB CHANNELS",
        "SLOWLOG GET",
    ),
    *("GET other:key", "SET other:key 1", "XADD other:key * a 1", "PUBLISH other 1", "EVAL return 0"),
)


@pytest.fixture(scope="module")
async def running(starts_servers: None) -> AsyncIterator[tuple[Folder, Supervised]]:
    with short_folder() as path:
        folder = Folder.at(path)
        server = Supervised(redis.prepare(folder), folder, Register(folder), lambda line: None)
        await server.start()
        try:
            yield folder, server
        finally:
            await server.stop()


@pytest.mark.parametrize("words", REFUSED)
async def test_chimera_has_no_power_over_the_server(running: tuple[Folder, Supervised], words: str) -> None:
    folder, _ = running
    async with Redis.from_url(redis.address(folder)) as client:
        if words.startswith("EVAL"):
            for command in ("'FLUSHALL'", "'GET', 'other:key'", "'CONFIG', 'GET', 'port'"):
                with pytest.raises(ResponseError):
                    await client.eval(f"return redis.call({command})", 0)
            return
        with pytest.raises(NoPermissionError):
            await client.execute_command(*words.split())  # type: ignore[no-untyped-call]


async def test_without_a_password_nothing_is_answered(running: tuple[Folder, Supervised]) -> None:
    folder, _ = running
    without_password = "unix://" + redis.address(folder).rpartition("@")[2]
    async with Redis.from_url(without_password) as client:
        with pytest.raises(RedisError, match=r"authenticated|NOAUTH|Authentication"):
            await client.ping()


async def test_the_admin_may_do_everything(running: tuple[Folder, Supervised]) -> None:
    folder, _ = running
    async with Redis.from_url(redis.admin_address(folder)) as client:
        assert await client.flushall()
        assert len(await client.acl_list()) == 3


def test_passwords_are_only_in_their_own_file(running: tuple[Folder, Supervised]) -> None:
    folder, server = running
    passwords = [
        kept_secrets.kept(folder, name).get_secret_value() for name in ("redis_password", "redis_admin_password")
    ]
    process = psutil.Process(server.pid)
    users = folder.redis / "users.acl"
    assert stat.S_IMODE(users.stat().st_mode) == 0o600
    for text in (" ".join(process.cmdline()), str(process.environ()), users.read_text()):
        assert not any(password in text for password in passwords)
