"""Checks the data folder, or its nearest existing parent, which must be writable and have free space."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chimera.config.settings import Settings
from chimera.local import folder as local_folder
from chimera.local.errors import FolderUnusable
from chimera.observe.disk import in_words
from cli.checks.findings import Finding, Level
from cli.http import sign_in

LITTLE_BYTES, TOO_LITTLE_BYTES = 2 * 1024**3, 200 * 1024**2


def folder(settings: Settings) -> Iterator[Finding]:
    """Check the folder and the sign-in that it contains."""
    wanted = settings.data_dir
    try:
        wanted = local_folder.absolute(wanted)
        local_folder.check(wanted)
    except (FolderUnusable, OSError) as error:
        yield Finding(Level.FAIL, f"data folder {wanted}", str(error))
        return
    there = next(path for path in (wanted, *wanted.parents) if path.exists())
    if (reason := _why_unwritable(there)) is not None:
        yield Finding(Level.FAIL, f"data folder {wanted}", reason)
        return
    yield _room_for(wanted, there)
    kept = sign_in.in_folder(settings.data_dir)
    if sys.platform != "win32" and kept.exists() and kept.stat().st_mode & 0o077:
        yield Finding(
            Level.WARN, f"sign-in {kept}", f"other users can read this file. To fix this, run: chmod 600 {kept}"
        )


def _why_unwritable(there: Path) -> str | None:
    try:
        # Try to write, because root has permission everywhere, but still can't write to /proc or to a read-only disk.
        with tempfile.TemporaryDirectory(prefix=".chimera-", dir=there):
            return None
    except OSError as error:
        return f"{there} is not writable ({error.strerror}). Set CHIMERA_DATA_DIR to a writable folder."


def _room_for(wanted: Path, there: Path) -> Finding:
    free = shutil.disk_usage(there).free
    level = Level.FAIL if free < TOO_LITTLE_BYTES else Level.WARN if free < LITTLE_BYTES else Level.OK
    advice = "" if level is Level.OK else ". Free some disk space, or set CHIMERA_DATA_DIR to a folder on another disk."
    return Finding(level, f"data folder {wanted}", f"{in_words(free)} free{advice}")
