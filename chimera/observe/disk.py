"""Full disks: recognise them from an error, and see them coming."""

import errno
import shutil
from enum import IntEnum
from pathlib import Path

FULL_BYTES = 32 * 1024 * 1024
"""PostgreSQL writes its log in files of 16 MiB: with less than two of them left it soon stops."""
LOW_BYTES = 256 * 1024 * 1024

_ERRNOS = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Space(IntEnum):
    ENOUGH = 0
    LOW = 1
    FULL = 2


def is_full(error: BaseException) -> bool:
    """Whether a system error means that the disk, or this user's quota, is full."""
    return isinstance(error, OSError) and error.errno in _ERRNOS


def free_bytes(folder: Path) -> int | None:
    """How much may still be written there; None where that can't be seen."""
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
