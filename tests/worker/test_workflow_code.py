"""A sandbox imports the original workflow code, whatever happens to the files."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from worker import workflow_code


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Yield a package of two modules, neither of which has been loaded yet."""
    folder = tmp_path / "runs_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text("from runs_of_a_test.two import text\nplace = __file__\n")
    (folder / "two.py").write_text("text = 'old'\n")
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    yield importlib.import_module(folder.name)
    sys.meta_path[:] = finders
    forget(folder.name)


def forget(package: str) -> None:
    """Unload a package's modules, as a sandbox does before each run."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_modules_reload_from_their_original_code(package: ModuleType) -> None:
    folder = Path(package.__path__[0])
    workflow_code.keep(package)
    first = importlib.import_module("runs_of_a_test.one")
    (folder / "two.py").write_text("text = 'new'\n")
    (folder / "one.py").unlink()
    forget(package.__name__)
    again = importlib.import_module("runs_of_a_test.one")
    assert again is not first, "a run has modules of its own"
    assert (again.text, again.place) == ("old", str(folder / "one.py"))


def test_a_package_is_kept_once(package: ModuleType) -> None:
    before = len(sys.meta_path)
    workflow_code.keep(package)
    workflow_code.keep(package)
    assert len(sys.meta_path) == before + 1
    (Path(package.__path__[0]) / "later.py").write_text("here = 1\n")
    importlib.invalidate_caches()
    assert importlib.import_module("runs_of_a_test.later").here == 1
