"""S50: the installed packages and their permitted sources."""

import json
import re
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path

from benchmarks.security.finding import Finding, Seen
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
FREE = re.compile(
    r"MIT|Apache|BSD|ISC|PSF|Python Software Foundation|Unlicense|Zlib|MPL|Mozilla|LGPL|Lesser General|PostgreSQL|CC0",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|SSPL|BUSL|Commons Clause|Affero", re.IGNORECASE)
STARTUP = {"_chimera.pth", "__editable__", "distutils-precedence.pth", "a1_coverage.pth", "_virtualenv.pth"}
"""Prefixes of the files that run whenever Python starts: those of the checkout, setuptools, coverage and uv."""


async def what_is_installed(_stack: Stack) -> Seen:
    seen = Seen()
    locked: set[tuple[str, str]] = set()
    for lock in LOCKS:
        text = lock.read_text()
        seen.expect("://" not in text, f"{lock.name} contains an address")
        for entry in re.split(r"\n(?=[a-z0-9])", text):
            if named := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", entry):
                locked.add((_canonical(named[1]), named[2]))
                seen.expect("--hash=sha256:" in entry, f"{named[1]} in {lock.name} has no hash")
            seen.expect(
                named is not None or entry.startswith(("#", " ")) or not entry.strip(), f"{entry[:60]} isn't exact"
            )
    for path in ("scripts/environment.sh", "Dockerfile"):
        for line in (ROOT / path).read_text().splitlines():
            if re.search(r"pip install|pip sync", line) and not line.lstrip().startswith("#"):
                seen.expect("--require-hashes" in line or "--no-deps" in line, f"{path}: {line.strip()[:80]}")
    _installed(seen, locked)
    _startup(seen)
    _bill(seen, locked)
    for tool in ("npm", "actions"):
        seen.figures[f"files of {tool}"] = len(
            list(ROOT.glob("package*.json" if tool == "npm" else ".github/**/*.yml"))
        )
    seen.decisions.append("make audit checks for known vulnerabilities; not tried here, because it needs the network")
    return seen


def _installed(seen: Seen, locked: set[tuple[str, str]]) -> None:
    """Check that each package is in a lock file with its version, and has a license compatible with ours."""
    known = {name for name, _ in locked}
    for found in metadata.distributions():
        name = _canonical(found.metadata["Name"])
        if name == "chimera":
            continue
        seen.expect(name not in known or (name, found.version) in locked, f"{name} {found.version} is not in a lock")
        classifiers = found.metadata.get_all("Classifier") or []
        licenses = [*(found.metadata.get_all("License-Expression") or found.metadata.get_all("License") or [""])]
        words = " ".join([licenses[0][:200], *(each for each in classifiers if each.startswith("License"))])
        seen.expect(bool(FREE.search(words)) and not COPYLEFT.search(words), f"the license of {name} is {words[:60]!r}")
    strange = (
        {_canonical(each.metadata["Name"]) for each in metadata.distributions()}
        - known
        - {"chimera", "pip", "setuptools"}
    )
    seen.expect(not strange, f"not in a lock: {sorted(strange)}")


def _startup(seen: Seen) -> None:
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(folder).glob("*.pth"):
            is_known = any(path.name.startswith(name) for name in STARTUP)
            seen.expect(is_known, f"{path.name} runs whenever Python starts")
        for name in ("sitecustomize.py", "usercustomize.py"):
            seen.expect(not Path(folder, name).exists(), f"{name} runs whenever Python starts")


def _bill(seen: Seen, locked: set[tuple[str, str]]) -> None:
    """Create the bill of materials, and check that it contains every locked package with hashes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sbom.json")
        subprocess.run([sys.executable, ROOT / "scripts" / "sbom.py", path], check=True, capture_output=True)
        parts = json.loads(path.read_text())["components"]
    libraries = {(_canonical(each["name"]), each["version"]) for each in parts if each["type"] == "library"}
    container = {(name, version) for name, version in locked if (name, version) not in libraries}
    seen.expect(not container, f"missing from the bill of materials: {sorted(container)[:5]}")
    unhashed = [each["name"] for each in parts if each["type"] == "library" and not each["externalReferences"]]
    seen.expect(not unhashed, f"without a hash in the bill of materials: {unhashed[:5]}")
    seen.figures["packages in the bill of materials"] = len(libraries)
    seen.figures["servers in the bill of materials"] = len(parts) - len(libraries)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


FINDINGS = (
    Finding(
        "S50",
        "exact versions with hashes, known licenses, a bill of materials, and no foreign .pth files",
        what_is_installed,
    ),
)
