"""Checks whether this installation is complete: its Python, its packages, and the names of its settings."""

import importlib.util
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.checks.findings import Finding, Level
from cli.input.settings import misspelt

PACKAGES = ("models", "workflows", "activities", "api", "worker", "chimera", "cli")
OLDEST_PYTHON = (3, 11)


def python() -> Iterator[Finding]:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(Level.FAIL, found, "Chimera needs Python 3.11 or newer.")
    else:
        yield Finding(Level.OK, found)


def packages() -> Iterator[Finding]:
    """Check the seven packages. Their names are common: another project's `models` or `api` would shadow ours."""
    parents = {name: _parent_of(name) for name in PACKAGES}
    home = parents["cli"]
    strangers = [f"{name} ({parent or 'not found'})" for name, parent in parents.items() if parent != home]
    if strangers:
        message = (
            f"these packages are not loaded from {home}: {', '.join(strangers)}. Install Chimera in its own Python"
            " environment."
        )
        yield Finding(Level.FAIL, "packages", message)
    else:
        yield Finding(Level.OK, "packages", f"all seven from {home}")


def variables() -> Iterator[Finding]:
    """Report variables with our prefix that have no effect, for example because they are misspelt."""
    for line in misspelt():
        yield Finding(Level.WARN, "settings", line)


def _parent_of(package: str) -> str | None:
    found = folder_of(package)
    return str(Path(found).parent) if found else None


def folder_of(package: str) -> str | None:
    spec = importlib.util.find_spec(package)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return str(Path(locations[0]).resolve()) if locations else None
