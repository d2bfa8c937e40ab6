"""The wheel works, not only the checkout: it is built, installed in another folder, imported and run from there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from api.console_files import BuiltConsole

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "workflows", "activities", "api", "worker", "chimera", "cli")


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Run a command without this checkout on the path, and return its output."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Return the Python of an environment that contains the wheel and uses the running one's dependencies."""
    environment = wheel.parent / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=wheel.parent)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel,
        cwd=wheel.parent)  # fmt: skip
    here = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=wheel.parent).strip()
    dependencies = run(
        sys.executable, "-P", "-c", "import pydantic, pathlib; print(pathlib.Path(pydantic.__file__).parents[1])",
        cwd=wheel.parent,
    ).strip()  # fmt: skip
    # Add the folder itself but not its `.pth` files, because one of these may lead back to this checkout.
    (Path(here) / "dependencies.pth").write_text(f"{dependencies}\n")
    return python


def test_it_has_the_seven_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_has_migrations_and_data_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"chimera/db/migrations/env.py", "chimera/db/migrations/script.py.mako"} <= names
    assert any(name.startswith("chimera/db/migrations/versions/1001") for name in names)


def test_all_packages_come_from_one_folder_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = f"""
import importlib, pathlib
for name in {PACKAGES!r}:
    print(pathlib.Path(importlib.import_module(name).__file__).resolve().parents[1])
"""
    (folder,) = set(run(installed, "-P", "-c", code, cwd=tmp_path).split("\n")) - {""}
    assert not Path(folder).is_relative_to(ROOT) or Path(folder).is_relative_to(ROOT / ".venv")
    assert Path(folder).is_relative_to(installed.parents[1].resolve())


def test_its_migrations_are_found_from_there(installed: Path, tmp_path: Path) -> None:
    code = """
from alembic.script import ScriptDirectory
from chimera.db.migrate import config_for
print(ScriptDirectory.from_config(config_for()).get_current_head())
"""
    assert run(installed, "-P", "-c", code, cwd=tmp_path).strip() >= "0001"


def test_the_console_is_served_from_there(installed: Path, tmp_path: Path) -> None:
    """The wheel contains the console if it was built before, as `make wheel` does."""
    code = """
from api.routes.console import built
console = built.read()
print("none" if console is None else sum(name.endswith(".js") for name in console.files))
"""
    found = run(installed, "-P", "-c", code, cwd=tmp_path).strip()
    if BuiltConsole().read() is None:
        assert found == "none"
        pytest.skip("the console isn't built. Run: make console")
    assert int(found) > 10


def test_the_command_runs_from_there(installed: Path, tmp_path: Path) -> None:
    command = installed.with_name("chimera.exe" if sys.platform == "win32" else "chimera")
    assert "demo" in run(command, "--help", cwd=tmp_path)
