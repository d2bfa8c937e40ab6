"""Full disks: recognizes them from an error, and detects low space in advance."""

import errno
import shutil
from enum import IntEnum
from pathlib import Path

FULL_BYTES = 32 * 1024 * 1024
"""PostgreSQL writes its log in files of 16 MiB: if there is room for fewer than two of them, it soon stops."""
LOW_BYTES = 256 * 1024 * 1024

_ERRNOS = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Space(IntEnum):
    ENOUGH = 0
    LOW = 1
    FULL = 2


def is_full(error: BaseException) -> bool:
    """Return whether a system error means that the disk, or this user's quota, is full."""
    return isinstance(error, OSError) and error.errno in _ERRNOS


def free_bytes(folder: Path) -> int | None:
    """Return the free space for a folder; None if it can't be determined."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def space_of(free: int | None) -> Space:
    if free is None or free >= LOW_BYTES:
        return Space.ENOUGH
    return Space.LOW if free >= FULL_BYTES else Space.FULL


def in_words(free: int | None) -> str:
    if free is None:
        return "unknown"
    return f"{free / 1e9:.1f} GB" if free >= 1e9 else f"{free / 1e6:.0f} MB"
