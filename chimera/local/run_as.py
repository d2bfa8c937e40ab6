"""The user that runs PostgreSQL if we are root, which PostgreSQL rejects. No folder's mode is changed for it but our
own's.

A user without rights, where it can reach the program and the data. Where a folder above them is closed to others, as
/root is, Linux lets root run it under another name (a user namespace in which that name stands for root): such a
process has root's files and none of root's rights.
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
"""The preferred user, if an administrator has created it: nothing else runs as it."""
UNPRIVILEGED = "nobody"
"""Exists on every system; other programs may run as it too."""
CLONE_NEWUSER = 0x10000000

# Loaded here, because the child may only use it between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Options(TypedDict, total=False):
    """What `subprocess` takes."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class RunAs:
    """A user, and whether that is only a name for ourselves."""

    uid: int
    gid: int
    is_name: bool = False

    @property
    def owner(self) -> int:
        """Whose its files are."""
        return os.geteuid() if self.is_name else self.uid

    def options(self) -> Options:
        """What makes `subprocess` run a child as that user, without any group of ours."""
        return {} if self.is_name else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def rename(self) -> None:
        """Take the name; in a child, before it becomes another program. Raises OSError where the system forbids it."""
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
    """Say who is to run `program` on `data`; None for ourselves. `own` is the folder that may be opened for passing.

    Raises WayBarred if no permitted user can.
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
            # Made by us, for us, and what is in it is closed by itself.
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
    """Make the data another user's, where they were run by one before."""
    if data.exists() and data.stat().st_uid != owner:
        for _, folders, files, here in os.fwalk(data):
            for name in (*folders, *files):
                os.chown(name, owner, -1, dir_fd=here, follow_symlinks=False)
        os.chown(data, owner, -1)
