"""B17: the modes of folders above data and programs, which a start as root must not change."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.security.finding import Finding, Seen
from benchmarks.security.folders import started
from tests.stack import Stack


async def modes_of_folders(_stack: Stack) -> Seen:
    """Start with data below a folder that is closed to others, like /root, and compare the modes before and after."""
    seen = Seen()
    if os.geteuid() != 0:
        seen.not_tried = "needs root"
        return seen
    for mode in (0o700, 0o750, 0o711):
        with tempfile.TemporaryDirectory(prefix="chimera-modes-") as name:
            data = _below(Path(name), mode)
            watched = {
                path: _mode(path) for path in _above(data, Path(__file__), Path(shutil.which("temporal") or "/"))
            }
            outcome = ""
            try:
                async with started(data):
                    pass
            except Exception as error:  # noqa: BLE001  the start may fail if it changes nothing
                outcome = f"{type(error).__name__}: {error}"
            seen.expect(not outcome or "can't enter" in outcome, f"below {mode:o}: {outcome}")
            for path, before in watched.items():
                seen.expect(_mode(path) == before, f"{path} was {before:o} and is {_mode(path):o}")
    return seen


def _below(folder: Path, mode: int) -> Path:
    closed = folder / "home"
    closed.mkdir(mode=mode)
    (closed / "work").mkdir(mode=0o700)
    return closed / "work" / "data"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _above(*paths: Path) -> Iterable[Path]:
    return dict.fromkeys(parent for path in paths for parent in path.resolve().parents if parent.exists())


FINDINGS = (Finding("B17", "a start as root keeps the modes of folders above data and program", modes_of_folders),)
