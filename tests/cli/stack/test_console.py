"""What a start prints about the console."""

import asyncio
import os
from pathlib import Path

import pytest

from api import console_files
from cli.stack import console
from tests.until import LIMIT_S

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "console"
    monkeypatch.setattr(console, "FOLDER", folder)
    monkeypatch.setattr(console, "build_of", lambda: console_files.build_of(folder))
    monkeypatch.setattr(console, "log_of", lambda: console_files.log_of(folder))
    monkeypatch.setattr(console, "WATCH_S", 0.01)
    return folder


def build(folder: Path) -> None:
    folder.mkdir()
    (folder / "index.html").touch()


async def test_a_built_console_is_only_an_address(folder: Path) -> None:
    build(folder)
    assert console.state_at(ADDRESS) == ADDRESS
    assert await console.outcome(ADDRESS) is None


async def test_the_end_of_a_build_is_announced(folder: Path) -> None:
    lock = folder.with_name("console.lock")
    lock.symlink_to(str(os.getpid()))
    assert "being built;" in console.state_at(ADDRESS)
    waiting = asyncio.create_task(console.outcome(ADDRESS))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    build(folder)
    lock.unlink()
    assert await asyncio.wait_for(waiting, LIMIT_S) == f"The console is ready: {ADDRESS}"


async def test_a_failed_build_says_why(folder: Path) -> None:
    lock = folder.with_name("console.lock")
    lock.symlink_to(str(os.getpid()))
    waiting = asyncio.create_task(console.outcome(ADDRESS))
    await asyncio.sleep(0.05)
    folder.with_name("console.log").write_text("npm error\nCheck the network.\n\n")
    lock.unlink()
    line = await asyncio.wait_for(waiting, LIMIT_S)
    assert line is not None
    assert line.startswith("The console wasn't built. Check the network. Details: ")
    assert console.state_at(ADDRESS).startswith("not built. Check the network.")


def test_without_a_build_the_command_is_named(folder: Path) -> None:
    assert console.state_at(ADDRESS) == "not built. To build it, run: make console"
