"""The bill of materials, generated from the current lock files."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("sbom") / "sbom.json"
    subprocess.run([sys.executable, ROOT / "scripts" / "sbom.py", path], check=True, capture_output=True)
    written = json.loads(path.read_text())
    assert isinstance(written, dict)
    return written


def test_every_locked_package_is_in_it_once(bill: dict[str, Any]) -> None:
    locked = set()
    for lock in ("runtime", "model", "node", "dev"):
        text = (ROOT / "requirements" / f"{lock}.lock").read_text()
        locked |= set(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))
    listed = [
        (each["name"], each["version"]) for each in bill["components"] if each.get("purl", "").startswith("pkg:pypi/")
    ]
    assert (len(listed), set(listed)) == (len(set(listed)), locked)


def test_every_package_of_the_console_is_in_it(bill: dict[str, Any]) -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    locked = {(path.rpartition("node_modules/")[2], entry["version"]) for path, entry in lock.items() if path}
    listed = [
        (each["name"], each["version"]) for each in bill["components"] if each.get("purl", "").startswith("pkg:npm/")
    ]
    assert (len(listed), set(listed)) == (len(set(listed)), locked)
    scopes = {each["name"]: each["scope"] for each in bill["components"]}
    assert (scopes["react"], scopes["vitest"]) == ("required", "excluded")


def test_every_hash_of_a_lock_is_in_it(bill: dict[str, Any]) -> None:
    listed = {
        each["hashes"][0]["content"] for part in bill["components"] for each in part.get("externalReferences", [])
    }
    assert set(re.findall(r"sha256:(\w+)", (ROOT / "requirements" / "runtime.lock").read_text())) <= listed


def test_servers_inside_packages_are_named(bill: dict[str, Any]) -> None:
    servers = {each["name"]: each["version"] for each in bill["components"] if each["type"] == "application"}
    assert set(servers) == {"postgresql", "redis", "temporal"}
    assert servers["postgresql"].startswith("18.")


def test_references_are_unique(bill: dict[str, Any]) -> None:
    references = [each["bom-ref"] for each in bill["components"]]
    assert len(references) == len(set(references))
