"""Find the program of a part: the one installed with Chimera first (its version is locked), then the PATH."""

import shutil
import sysconfig


def find(*names: str) -> str | None:
    """Return the path of the first program found, beside this Python before the PATH."""
    scripts = sysconfig.get_path("scripts")
    for path in (scripts, None):
        for name in names:
            if (found := shutil.which(name, path=path)) is not None:
                return found
    return None
