"""The choice between several installed programs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chimera.local import programs

NAMES = ("valkey-server", "redis-server")
Maker = Callable[[str, str, str], Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Return a function that creates a program in `own` (beside this Python) or on the `path`."""
    for place in ("own", "path"):
        (tmp_path / place).mkdir()
    monkeypatch.setattr(programs, "_scripts", lambda: str(tmp_path / "own"))
    # In an activated environment, its programs are on the PATH too.
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "own"), str(tmp_path / "path")]))

    def made(place: str, name: str, script: str) -> Path:
        program = tmp_path / place / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return made


def test_a_newer_system_program_precedes_the_bundled(make: Maker) -> None:
    make("own", "redis-server", "echo 'Redis server v=6.2.14 sha=4030:0 malloc=libc bits=64'")
    valkey = make("path", "valkey-server", "echo 'Valkey server v=8.1.10 sha=0:0 malloc=jemalloc bits=64'")
    assert programs.newest(*NAMES) == str(valkey)


def test_an_older_one_of_the_system_does_not(make: Maker) -> None:
    own = make("own", "redis-server", "echo 'Redis server v=6.2.14 sha=4030:0 malloc=libc bits=64'")
    make("path", "redis-server", "echo 'Redis server v=5.0.7 sha=0:0 malloc=jemalloc bits=64'")
    assert programs.newest(*NAMES) == str(own)


@pytest.mark.parametrize("script", ["exit 1", "echo no number"])
def test_an_unrunnable_program_is_the_last_resort(make: Maker, script: str) -> None:
    broken = make("path", "valkey-server", script)
    assert programs.newest(*NAMES) == str(broken)
    own = make("own", "redis-server", "echo 'Redis server v=6.2.14 sha=4030:0'")
    assert programs.newest(*NAMES) == str(own)


def test_without_programs_none_is_found(make: Maker) -> None:
    assert programs.newest(*NAMES) is None
