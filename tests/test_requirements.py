"""The lock files: exact versions, with hashes, without addresses, and consistent with each other."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "requirements"
LOCKS = sorted(FOLDER.glob("*.lock"))


def versions(lock: Path) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[\w.]+", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "index-url" not in text
    requirements = re.split(r"\n(?=\w)", text)
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_the_developers_lock_is_the_runtime_one_and_more() -> None:
    assert versions(FOLDER / "uv.lock") <= versions(FOLDER / "runtime.lock") < versions(FOLDER / "dev.lock")
