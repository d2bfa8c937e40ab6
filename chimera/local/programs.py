"""Find a server's program: the one installed with Chimera, whose version is locked, or one on the PATH."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from chimera.local import surroundings

Version = tuple[int, ...]


def find(*names: str) -> str | None:
    """Return the path of the first program found, searching beside this Python before the PATH."""
    for path in (_scripts(), None):
        for name in names:
            if (found := shutil.which(name, path=path)) is not None:
                return found
    return None


def newest(*names: str) -> str | None:
    """Return the path of the program with the highest version. If versions are equal, the one on the PATH is used.

    This is for servers that operating systems keep up to date, but whose Python package is no longer updated and
    therefore the last resort.
    """
    own = Path(_scripts())
    elsewhere = os.pathsep.join(each for each in os.get_exec_path() if each and Path(each).resolve() != own.resolve())
    found = [shutil.which(name, path=path) for path in (elsewhere, str(own)) for name in names]
    return max((each for each in found if each is not None), key=version_of, default=None)


def version_of(program: str) -> Version:
    """Return the version that a program prints for `--version`; empty, and so the lowest, if it can't be run."""
    try:
        printed = subprocess.run(
            [program, "--version"],
            env=surroundings.for_server(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    number = re.search(r"\bv?=?(\d+(?:\.\d+)+)", printed.stdout)
    return tuple(map(int, number[1].split("."))) if number else ()


def _scripts() -> str:
    return sysconfig.get_path("scripts")
