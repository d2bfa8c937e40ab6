"""The user that runs PostgreSQL if Chimera runs as root, because PostgreSQL doesn't accept root.

This is a user without rights if it can reach the program and the data. If a folder above them is closed to other users,
such as /root, Linux lets root run the program under another name (in a user namespace that maps this name to root).
Such a process can access root's files, but has none of root's rights. The data folder is the only one whose mode is
changed for this.
"""

import ctypes
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from chimera.local import surroundings
from chimera.local.errors import WayBarred

OWN_USER = "chimera"
"""The preferred user, if an administrator has created it, because no other program runs as this user."""
UNPRIVILEGED = "nobody"
"""A user that exists on every system; other programs may run as it, too."""
CLONE_NEWUSER = 0x10000000

# Loaded at import: between fork and exec, the child may only use it.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Options(TypedDict, total=False):
    """The arguments of `subprocess` that set a child's user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class RunAs:
    """A user to run a program as. With `is_name`, it is only another name for the current user."""

    uid: int
    gid: int
    is_name: bool = False

    @property
    def owner(self) -> int:
        """The user id that owns the program's files."""
        return os.geteuid() if self.is_name else self.uid

    def options(self) -> Options:
        """Return the arguments with which `subprocess` runs a child as that user, without the current user's groups."""
        return {} if self.is_name else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def rename(self) -> None:
        """Rename the current user if `is_name`. To be called in a child before exec.

        Raises OSError if the system forbids it.
        """
        if not self.is_name:
            return
        uid, gid = os.geteuid(), os.getegid()
        if _libc is None or _libc.unshare(CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{self.uid} {uid} 1"),
            ("gid_map", f"{self.gid} {gid} 1"),
        ):
            file = os.open(f"/proc/self/{name}", os.O_WRONLY)
            os.write(file, text.encode())
            os.close(file)


def choose(program: Path, data: Path, own: Path) -> RunAs | None:
    """Return the user that is to run `program`, and make it the owner of `data`; None for the current user.

    `own` is the data folder: other users may be permitted to pass through it. Raises WayBarred if no permitted user can
    run the program.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    known = {each.pw_name: each for each in pwd.getpwall()}
    user = known.get(OWN_USER) or known[UNPRIVILEGED]
    other = RunAs(user.pw_uid, user.pw_gid)
    closed = next((folder for folder in own.parents if not _is_enterable(folder)), None)
    if closed is None and _runs(program, other):
        if not _is_enterable(own):
            # This is Chimera's own folder, and what it contains remains closed to other users.
            own.chmod(stat.S_IMODE(own.stat().st_mode) | stat.S_IXOTH)
        chosen = other
    elif sys.platform == "linux" and _runs(program, renamed := RunAs(user.pw_uid, user.pw_gid, is_name=True)):
        chosen = renamed
    else:
        raise WayBarred(user.pw_name, closed or _barrier(program), program)
    _give(data, chosen.owner)
    return chosen


def _is_enterable(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def _barrier(program: Path) -> Path:
    return next((folder for folder in reversed(program.parents) if not _is_enterable(folder)), program)


def _runs(program: Path, run_as: RunAs) -> bool:
    try:
        subprocess.run(
            [program, "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            env=surroundings.for_server(),
            preexec_fn=run_as.rename if run_as.is_name else None,
            **run_as.options(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _give(data: Path, owner: int) -> None:
    """Change the owner of the data, if another user ran the program before."""
    if data.exists() and data.stat().st_uid != owner:
        for _, folders, files, here in os.fwalk(data):
            for name in (*folders, *files):
                os.chown(name, owner, -1, dir_fd=here, follow_symlinks=False)
        os.chown(data, owner, -1)
