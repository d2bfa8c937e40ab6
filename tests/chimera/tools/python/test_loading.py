"""Tools in a folder and in installed packages, and what broken ones do: nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from chimera.tools.problems import LoadedTools
from chimera.tools.python.loading import load
from tests.chimera.tools.calls import context

GREET = '''from chimera.tools.python import tool

@tool(kind="pure")
def greet(name: str) -> str:
    """Greet a person."""
    return f"Hello {name}"
'''

Load = Callable[..., LoadedTools]


@pytest.fixture
def load_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return a function that writes files to the tools folder and loads it."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write_and_load(taken: tuple[str, ...] = (), **files: str) -> LoadedTools:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        return load(Settings(tools_dir=tmp_path), taken)

    return write_and_load


def names_in(loaded: LoadedTools) -> list[str]:
    return [tool.definition.name for tool in loaded.tools]


async def test_a_file_defines_a_tool(load_files: Load) -> None:
    loaded = load_files(greet=GREET)
    assert names_in(loaded) == ["greet"]
    assert loaded.problems == ()
    assert (await loaded.tools[0].run({"name": "Ada"}, context())).text == "Hello Ada"


def test_no_folder_means_no_tools() -> None:
    assert load(Settings()) == LoadedTools()


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load(Settings(tools_dir=tmp_path / "gone")).problems
    assert "CHIMERA_TOOLS_DIR isn't a folder" in str(problem)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = = 1", 1, "SyntaxError"),
        ("\n\nimport no_such_module", 3, "No module named 'no_such_module'"),
        ("\nraise RuntimeError('boom')", 2, "RuntimeError: boom"),
        ("import sys\nsys.exit(3)", 2, "SystemExit: 3"),
        ("from chimera.tools.python import tool\n\n@tool(kind='never')\ndef f(): ...", 3, "kind='never' is unknown"),
        (GREET.replace("name: str", "name"), 3, "'name' of 'greet' has no type"),
        (GREET.replace('    """Greet a person."""\n', ""), 3, "has no docstring"),
        (GREET.replace("def greet", "def größe"), 3, "The name 'größe' isn't allowed"),
        (GREET.replace("name: str", "name: object.nothing"), 4, "nothing"),
    ],
)
def test_a_broken_file_is_reported_with_its_line(load_files: Load, text: str, line: int, reason: str) -> None:
    loaded = load_files(broken=text, good=GREET)
    assert names_in(loaded) == ["greet"]
    (problem,) = loaded.problems
    assert problem.place.endswith(f"broken.py:{line}")
    assert reason in problem.message


def test_a_file_without_tools_is_reported(load_files: Load) -> None:
    assert "No function is marked" in load_files(plain="x = 1").problems[0].message


def test_files_beginning_with_underscore_are_for_others(load_files: Load) -> None:
    loaded = load_files(_shared=GREET, other=f"from _shared import greet\n{GREET.replace('greet', 'welcome')}")
    assert names_in(loaded) == ["welcome"]
    assert loaded.problems == ()


def test_the_first_of_two_equal_names_counts(load_files: Load) -> None:
    loaded = load_files(a=GREET, b=GREET)
    assert names_in(loaded) == ["greet"]
    (problem,) = loaded.problems
    assert problem.place.endswith("b.py:3")
    assert "a.py:3. Use another name." in problem.message


def test_the_name_of_a_built_in_tool_is_refused(load_files: Load) -> None:
    loaded = load_files(taken=("greet",), a=GREET)
    assert loaded.tools == ()
    assert "'greet' is the name of a built-in tool" in loaded.problems[0].message


def test_postponed_annotations_and_dataclasses_work(load_files: Load) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Person:\n    name: str\n"
    ) + GREET.replace("name: str", "name: Person")
    loaded = load_files(later=text)
    assert loaded.problems == ()
    assert names_in(loaded) == ["greet"]


def installed(folder: Path, value: str, **modules: str) -> None:
    """Write a package with an entry point to a folder on the path, as an installer does."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    info = folder / "acme_tools-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tools\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[chimera.tools]\nacme = {value}\n")


@pytest.mark.parametrize("value", ["acme_one", "acme_one:greet"])
def test_an_installed_package_defines_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    installed(tmp_path, value, acme_one=GREET)
    monkeypatch.syspath_prepend(tmp_path)
    assert names_in(load(Settings())) == ["greet"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("acme_gone", "No module named 'acme_gone'"),
        ("acme_two:nothing", "has no attribute 'nothing'"),
        ("acme_two:NUMBER", "Neither a function"),
        ("acme_two", "Neither a function"),
        ("acme_two:Thing", "Not usable|isn't"),
    ],
)
def test_a_broken_package_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, reason: str) -> None:
    installed(tmp_path, value, acme_two="NUMBER = 1\nclass Thing: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = load(Settings())
    assert loaded.tools == ()
    (problem,) = loaded.problems
    assert problem.place.startswith(f"acme-tools: acme = {value}")
    assert any(part in problem.message for part in reason.split("|")), problem.message


def test_the_public_module_imports_nothing_of_the_server() -> None:
    code = (
        "import sys, chimera.tools.python\n"
        "server = {'sqlalchemy', 'temporalio', 'fastapi', 'structlog', 'httpx2', 'jsonschema_rs'}\n"
        "print(sorted(server & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
