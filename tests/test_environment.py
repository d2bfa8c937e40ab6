"""`start.sh`: what its arguments mean, and how the environment that it shares with `test.sh` is created."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "environment.sh"


def check_of(python: Path | str) -> subprocess.CompletedProcess[str]:
    command = ("bash", "-c", f". '{SCRIPT}'; check_chosen_python")
    environment = {**os.environ, "CHIMERA_PYTHON": str(python)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def fake_python(folder: Path, version: str) -> Path:
    """Create a Python of some version, which fails the version check and reports its version."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n[ "$1" != -V ] || echo "Python {version}"\ncase "$2" in *sys*) exit 1;; esac\n')
    path.chmod(0o755)
    return path


def test_a_named_old_python_is_refused(tmp_path: Path) -> None:
    done = check_of(fake_python(tmp_path, "3.9.2"))
    assert done.returncode == 1
    assert "is Python 3.9.2; Chimera needs Python 3.11 or newer" in done.stderr


@pytest.mark.parametrize("name", ["/nowhere/python3", "no-such-python"])
def test_a_named_broken_python_is_refused(name: str) -> None:
    done = check_of(name)
    assert done.returncode == 1
    assert f"CHIMERA_PYTHON={name} can't be run" in done.stderr


def test_without_a_name_nothing_is_refused() -> None:
    assert check_of("").returncode == 0


def test_an_installation_waits_only_for_a_live_one(tmp_path: Path) -> None:
    (tmp_path / "venv.lock").symlink_to(str(os.getpid()))
    command = ("bash", "-c", f". '{SCRIPT}'; venv='{tmp_path}/venv'; take_turn; echo mine")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert "Another installation" in waiting.stderr.readline()
        assert waiting.poll() is None
        (tmp_path / "of a dead one").symlink_to("4194303")
        (tmp_path / "of a dead one").replace(tmp_path / "venv.lock")
        assert waiting.communicate()[0] == "mine\n"


@pytest.mark.parametrize("typed", ["--help", "-h", "quick --help", "tests/chimera -h"])
def test_the_test_command_lists_its_options(typed: str, tmp_path: Path) -> None:
    # This works without an environment, and doesn't create one.
    shutil.copy(ROOT / "test.sh", tmp_path)
    done = subprocess.run(
        ["bash", str(tmp_path / "test.sh"), *typed.split()], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "./test.sh quick -k settings" in done.stdout


@pytest.mark.parametrize(
    ("typed", "run"),
    [
        ("", "up"),
        ("--port 8010", "up --port 8010"),
        ("--help", "--help"),
        ("-h", "-h"),
        ("--version", "--version"),
        ("--show-completion", "--show-completion"),
        ("demo --port 8010", "demo --port 8010"),
    ],
)
def test_options_without_a_command_are_those_of_up(typed: str, run: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "start.sh", tmp_path)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "environment.sh").write_text(f"venv={tmp_path}\nensure_environment() {{ :; }}\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "chimera").write_text('#!/bin/sh\necho "$*"\n')
    (tmp_path / "bin" / "chimera").chmod(0o755)
    done = subprocess.run(
        (tmp_path / "start.sh", *typed.split()), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"{run}\n"


@pytest.mark.parametrize(("added", "installed"), [(True, ["runtime sync", "model add"]), (False, ["runtime sync"])])
def test_an_extra_outlives_newer_packages(tmp_path: Path, added: bool, installed: list[str]) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(sys.executable)
    if added:
        (tmp_path / "venv" / "lib" / "python3.12" / "site-packages" / "xllamacpp").mkdir(parents=True)
    log = tmp_path / "said"
    script = f"""
        . '{SCRIPT}'; venv='{tmp_path}/venv'
        install_uv() {{ :; }}; install_chimera() {{ :; }}; ready_for() {{ false; }}
        install_locked() {{ echo "$@" >>'{log}'; }}
        make_environment runtime"""
    subprocess.run(("bash", "-c", script), check=True, capture_output=True, timeout=60)
    assert log.read_text().splitlines() == installed
