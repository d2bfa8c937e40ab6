"""The check of tools of one's own."""

import json
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from cli.checks.findings import Finding, Level
from cli.checks.tools import own_tools

GREET = '''from chimera.tools.python import tool

@tool
def greet(name: str) -> str:
    """Greet a person."""
    return name
'''


def found_with(settings: Settings) -> list[Finding]:
    return list(own_tools(settings))


def test_without_own_tools_nothing_is_reported(tmp_path: Path) -> None:
    assert found_with(Settings(data_dir=tmp_path)) == []


def test_broken_files_are_reported_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "greet.py").write_text(GREET)
    (tmp_path / "broken.py").write_text("\nx = = 1")
    (tmp_path / "taken.py").write_text(GREET.replace("greet", "calculator"))
    broken, taken, good = found_with(Settings(data_dir=tmp_path, tools_dir=tmp_path))
    assert (broken.level, broken.what) == (Level.WARN, f"tool {tmp_path / 'broken.py'}:2")
    assert "'calculator' is the name of a built-in tool" in taken.message
    assert good == Finding(Level.OK, "Python tools", "greet")


def test_missing_secrets_of_apis_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "openapi-tools.json"
    api = {"document": "x.json", "operations": ["*"], "headers": {"X": "${SHOP_TOKEN}"}}
    file.write_text(json.dumps({"apis": {"shop": api}}))
    [finding] = found_with(Settings(data_dir=tmp_path))
    assert finding.level is Level.FAIL
    assert "Set CHIMERA_SECRET_SHOP_TOKEN" in finding.message
    monkeypatch.setenv("CHIMERA_SECRET_SHOP_TOKEN", "canary")
    [finding] = found_with(Settings(data_dir=tmp_path))
    assert finding == Finding(Level.OK, "HTTP API shop", f"credentials complete, in {file}")
    file.write_text("{")
    [finding] = found_with(Settings(data_dir=tmp_path))
    assert (finding.level, "Not valid JSON" in finding.message) == (Level.FAIL, True)
