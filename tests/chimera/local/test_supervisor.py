"""The supervisor never loses track of a process, whatever fails while it starts."""

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from chimera.local import LocalStack, StartFailed, processes
from chimera.local.errors import NoRoom
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.space import SpaceWatch
from chimera.local.supervisor import Service, Supervised
from tests.parts import settings_in, short_folder, small_disk
from tests.ports import free_port
from tests.until import LIMIT_S, until

pytestmark = pytest.mark.usefixtures("starts_servers")


async def at_once(pid: int) -> bool:
    return True


def sleeper(folder: Folder) -> Service:
    # The command contains the folder, so that leftover processes can be counted.
    command = (sys.executable, "-c", f"import time; {str(folder.root)!r}; time.sleep(600)")
    return Service(name="sleeper", title="Sleeper", command=command, ready=at_once)


def alive(folder: Folder) -> list[int]:
    return [each.pid for each in psutil.process_iter() if each.pid != 0 and _is_of(each, folder)]


def _is_of(process: psutil.Process, folder: Folder) -> bool:
    try:
        return f"'{folder.root}'" in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class Disk:
    """A register whose writes fail while the disk is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        write = Register._write

        def may_fail(register: Register) -> None:
            if self.is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(register)

        monkeypatch.setattr(Register, "_write", may_fail)


@dataclass
class Rig:
    folder: Folder
    service: Supervised
    reported: list[str]

    async def until_reported(self, words: str) -> None:
        await until(lambda: any(words in line for line in self.reported))


@asynccontextmanager
async def rig(path: Path, change: Callable[[Service], Service] = lambda service: service) -> AsyncIterator[Rig]:
    folder, reported = Folder.at(path), list[str]()
    service = Supervised(change(sleeper(folder)), folder, Register(folder), reported.append)
    try:
        yield Rig(folder, service, reported)
    finally:
        await service.stop()
    assert alive(folder) == []


@pytest.fixture
def path() -> Iterator[Path]:
    with short_folder() as path:
        yield path


async def test_an_unregistered_process_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    async with rig(path) as made:
        disk.is_full = True
        full = rf"Sleeper can't be started, because the disk that contains {path} is full. Free some space"
        with pytest.raises(NoRoom, match=full):
            await made.service.start()
        assert alive(made.folder) == []


async def test_a_full_disk_leaves_no_process_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    async with rig(path) as made:
        await made.service.start()
        disk.is_full = True
        made.service.kill()
        await made.until_reported("Trying again in 0.4 s")
        await made.until_reported("Trying again in 0.8 s")
        assert made.service.pid is None
        assert any("Sleeper can't be started, because the disk that contains" in line for line in made.reported)
        disk.is_full = False
        await asyncio.wait_for(made.service.until_ready(), LIMIT_S)
        assert alive(made.folder) == [made.service.pid]
        assert Register(made.folder).end_stale() == ["sleeper"]


async def test_an_end_that_cannot_be_noted_is_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    async with rig(path) as made:
        await made.service.start()
        disk.is_full = True
        await made.service.stop()
        assert alive(made.folder) == []
        # The register still lists the process, which no longer exists.
        assert Register(made.folder)._read() != {}
        disk.is_full = False
        assert Register(made.folder).end_stale() == []


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), ValueError("I/O operation on closed file")])
async def test_a_failing_output_does_not_stop_restarts(path: Path, failure: Exception) -> None:
    async with rig(path) as made:
        await made.service.start()

        def fail(line: str) -> None:
            raise failure

        made.service._print_line = fail
        killed = made.service.kill()
        await asyncio.wait_for(made.service.until_ready(), LIMIT_S)
        assert made.service.pid not in (None, killed)


async def test_failures_before_a_start_are_retried(path: Path) -> None:
    failures = [psutil.TimeoutExpired(20), OSError(errno.EACCES, "Permission denied"), RuntimeError("odd")]

    def before() -> None:
        if made.service.starts and failures:
            raise failures.pop()

    async with rig(path, lambda service: replace(service, before=before)) as made:
        await made.service.start()
        made.service.kill()
        await asyncio.wait_for(made.service.until_ready(), LIMIT_S)
        assert failures == []
        assert any(line.startswith("Sleeper can't be started: odd\nTrying again") for line in made.reported)


async def test_a_stray_process_is_not_mistaken_for_ours(path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    stray = processes.spawn(command, environment=os.environ, output=path / "stray.out")
    try:
        await until(lambda: processes.listens(stray.pid, port))

        async def ready(pid: int) -> bool:
            return processes.listens(pid, port)

        async with rig(path / "data", lambda service: replace(service, ready=ready, ready_limit_s=1)) as made:
            with pytest.raises(StartFailed, match="was not ready after 1 s"):
                await made.service.start()
    finally:
        stray.kill()
        stray.wait()


async def test_a_process_is_recognised_after_clock_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux records a process's start relative to the system's start, whose time of day changes with the clock."""
    if sys.platform != "linux":
        pytest.skip("elsewhere the system keeps the time of a start")
    async with rig(path) as made:
        await made.service.start()
        create_time, boot_time = psutil.Process.create_time, psutil.boot_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 7200)
        monkeypatch.setattr(psutil, "boot_time", lambda: boot_time() + 7200)
        assert Register(made.folder).end_stale() == ["sleeper"]


def fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1024))


async def test_a_real_full_disk_is_named_and_outlived(path: Path) -> None:
    with small_disk(path, "1m"):
        async with rig(path) as made:
            await made.service.start()
            fill(path / "run" / "filler")
            made.service.kill()
            await made.until_reported("Trying again in 0.4 s")
            assert any(
                f"Sleeper can't be started, because the disk that contains {path} is full" in line
                for line in made.reported
            )
            assert alive(made.folder) == []
            (path / "run" / "filler").unlink()
            await asyncio.wait_for(made.service.until_ready(), LIMIT_S)
            assert alive(made.folder) == [made.service.pid]


async def test_a_full_disk_is_reported_by_the_stack(path: Path) -> None:
    with small_disk(path, "64k"):
        stack = LocalStack(settings_in(path), services=False)
        fill(path / "run" / "filler")
        full = rf"can't be started, because the disk that contains {path} is full. Free some space"
        with pytest.raises(NoRoom, match=full):
            await stack.__aenter__()


def test_the_watch_reports_only_changes(path: Path) -> None:
    reported: list[str] = []
    watch = SpaceWatch(Folder.at(path), reported.append)
    mib = 1024 * 1024
    for free in (1000, 200, 199, 20, 33, 260, 1000, None):
        watch.look(None if free is None else free * mib)
    assert [line.partition(f"The disk that contains {path} ")[2].split(" (")[0] for line in reported] == [
        "is nearly full",
        "is full",
        "is nearly full",
        "has enough free space again",
    ]


async def test_a_crash_is_reported_with_its_first_lines(path: Path) -> None:
    crash = "; ".join(["echo panic: port taken", "seq 1 300", "exit 2"])
    (path / "logs").mkdir()
    (path / "logs" / "sleeper.out").write_text("an earlier start\n" * 50)

    async def ready(pid: int) -> bool:
        return False

    async with rig(path, lambda service: replace(service, command=("sh", "-c", crash), ready=ready)) as made:
        with pytest.raises(StartFailed) as failed:
            await made.service.start()
    lines = str(failed.value).splitlines()[1:]
    assert [line.strip() for line in lines] == ["panic: port taken", "1", "2", "3", "…", *map(str, range(293, 301))]
