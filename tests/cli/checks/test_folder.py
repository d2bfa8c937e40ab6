"""The data folder must be writable."""

import sys
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.folder import folder


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_an_uncreatable_folder_differs_from_a_full_disk() -> None:
    (found,) = folder(Settings(data_dir=Path("/proc/x")))
    assert found.level is Level.FAIL
    assert "/proc is not writable" in found.message
    assert found.message.endswith("Set CHIMERA_DATA_DIR to a writable folder.")


def test_reading_the_data_folder_leaves_no_files(tmp_path: Path) -> None:
    assert next(iter(folder(Settings(data_dir=tmp_path / "data")))).level is not Level.FAIL
    assert list(tmp_path.iterdir()) == []
