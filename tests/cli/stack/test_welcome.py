"""The hints that a started stack prints work in another terminal."""

import os
import shlex
from pathlib import Path

import pytest

from cli.stack.welcome import how_to_start_a_task


def test_a_hint_names_another_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "CHIMERA_DATA_DIR" not in how_to_start_a_task(Path(".chimera"))
    assert "CHIMERA_DATA_DIR" not in how_to_start_a_task(tmp_path / ".chimera")
    elsewhere = tmp_path / "a folder"
    _, _, command = how_to_start_a_task(elsewhere).partition(": ")
    if os.name != "nt":
        assert shlex.split(command)[0] == f"CHIMERA_DATA_DIR={elsewhere}"
    assert command.endswith('run "Compare tea and coffee."')
