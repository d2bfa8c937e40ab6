"""What `start.sh` and `test.sh` share: how the environment is made."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "environment.sh"


def check_of(python: Path | str) -> subprocess.CompletedProcess[str]:
    command = ("bash", "-c", f". '{SCRIPT}'; check_chosen_python")
    environment = {**os.environ, "CHIMERA_PYTHON": str(python)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def fake_python(folder: Path, version: str) -> Path:
    """A Python of some version: it fails the comparison and says what it is."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n[ "$1" != -V ] || echo "Python {version}"\ncase "$2" in *sys*) exit 1;; esac\n')
    path.chmod(0o755)
    return path


def test_a_python_that_is_named_and_too_old_is_refused_with_its_version(tmp_path: Path) -> None:
    done = check_of(fake_python(tmp_path, "3.9.2"))
    assert done.returncode == 1
    assert "is Python 3.9.2; Chimera needs Python 3.11 or newer" in done.stderr


@pytest.mark.parametrize("name", ["/nowhere/python3", "no-such-python"])
def test_a_python_that_is_named_and_can_not_be_run_is_refused(name: str) -> None:
    done = check_of(name)
    assert done.returncode == 1
    assert f"CHIMERA_PYTHON={name} can't be run" in done.stderr


def test_without_a_name_nothing_is_refused() -> None:
    assert check_of("").returncode == 0


def test_one_installation_waits_for_another_and_not_for_a_dead_one(tmp_path: Path) -> None:
    def turn(limit_s: int) -> subprocess.CompletedProcess[str]:
        command = ("timeout", str(limit_s), "bash", "-c", f". '{SCRIPT}'; venv='{tmp_path}/venv'; take_turn; echo mine")
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    (tmp_path / "venv.lock").symlink_to(str(os.getpid()))
    waited = turn(2)
    assert (waited.returncode, waited.stdout) == (124, "")
    assert "Another installation" in waited.stderr
    (tmp_path / "venv.lock").unlink()
    (tmp_path / "venv.lock").symlink_to("4194303")
    assert turn(10).stdout == "mine\n"
