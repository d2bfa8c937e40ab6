"""The data folder, in which the embedded stack stores everything, and the lock on it."""

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chimera.local.errors import FolderInUse, FolderUnusable, NoRoom, SocketsUnsafe
from chimera.observe import disk

_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
SOCKET_PATH_BYTES = 103
"""The longest address of a Unix socket: 103 bytes on macOS, 107 on Linux."""

OWN_NAMES = re.compile(
    r"logs|run|(mcp|openapi-tools)\.json|redis|postgres(\.new)?|temporal\.db.*|(secrets|payload_keys)\.\w+(\.new)?|cli\..*"
    r"|simulator\.jsonl|lost\+found|\.(DS_Store|directory|git(ignore|keep)|localized|nfs.*|Trash.*)"
)
"""Names allowed in a folder before its first start: Chimera's, and those that operating systems create everywhere."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        # Far behind the text: other processes can't read a locked range, but they need to read the holder's process id.
        file.seek(1_000_000)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _wait_for_lock(file: IO[str]) -> None:
        # Waits up to ten seconds, which is much longer than the lock is ever held.
        file.seek(1_000_000)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _wait_for_lock(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on one of our files during a short operation. The file is kept afterward."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        _wait_for_lock(file)
        yield


@dataclass(frozen=True)
class Folder:
    """The paths in the data folder. They are absolute, because child processes may run in another folder."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "Folder":
        """Create the folder and its subfolders, and return it. Raises FolderUnusable and NoRoom."""
        folder = cls.named(path)
        folder.make()
        return folder

    @classmethod
    def named(cls, path: Path) -> "Folder":
        """Return the folder, which doesn't have to exist."""
        return cls(absolute(path))

    def make(self) -> None:
        """Create the folder and its subfolders, for their owner only. Raises FolderUnusable and NoRoom."""
        try:
            check(self.root)
            for each in (self.root, self.logs, self.run, self.redis):
                if not each.exists():
                    each.mkdir(parents=True, mode=0o700)
                elif each == self.root:
                    _close(each)
        except OSError as error:
            if disk.is_full(error):
                raise NoRoom("Chimera", self.root) from error
            raise FolderUnusable(self.root, f"can't be created or read: {error.strerror}") from error

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """The folder of files that are valid only while the stack runs."""
        return self.root / "run"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def temporal(self) -> Path:
        return self.root / "temporal.db"

    @property
    def simulator_journal(self) -> Path:
        return self.root / "simulator.jsonl"

    def output_of(self, name: str) -> Path:
        """Return the path of a process's output. If it also writes a log, that is `<name>.log` in the same folder."""
        return self.logs / f"{name}.out"

    def socket_folder(self, preferred: Path, name: str, owner: int | None = None) -> Path:
        """Return `preferred`, or a private folder with a short path if a socket can't have an address in `preferred`.

        `owner` is the user that runs the server, if it isn't the current user. Raises SocketsUnsafe if other users can
        enter `preferred`.
        """
        if _fits(preferred / name):
            if preferred.exists() and (problem := openness_of(preferred, owner)) is not None:
                raise SocketsUnsafe(preferred, problem)
            return preferred
        kept = self._kept_for(preferred)
        short = Path(kept.read_text()) if kept.exists() else None
        # A short folder that belongs to another user, or that others can enter, is left as it is, and replaced by a
        # new one.
        if short is None or not short.exists() or openness_of(short, owner) is not None:
            short = _new_folder(name)
            kept.write_text(str(short))
        return short

    def remove_sockets(self) -> None:
        """Remove the folders that `socket_folder` created outside the data folder."""
        for preferred in (self.postgres, self.redis):
            kept = self._kept_for(preferred)
            if kept.exists():
                shutil.rmtree(kept.read_text(), ignore_errors=True)
                kept.unlink()

    def _kept_for(self, preferred: Path) -> Path:
        """Return the file that stores the short folder's random path, so that other processes can find the server."""
        return self.run / f"{preferred.name}.sockets"


def _fits(socket: Path) -> bool:
    """Return whether a path can be a socket's address: short enough, and encodable in this process's locale."""
    try:
        return len(os.fsencode(socket)) <= SOCKET_PATH_BYTES and bool(str(socket).encode())
    except UnicodeEncodeError:
        return False


def _new_folder(name: str) -> Path:
    """Create a folder with an unpredictable name and a path that is short enough for a socket's address."""
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  made with a random name, for its owner alone
        if _fits(Path(parent, "chimera-xxxxxxxx", name)):
            return Path(tempfile.mkdtemp(prefix="chimera-", dir=parent))
    raise FolderUnusable(Path(tempfile.gettempdir()), "has a path that is too long for Unix sockets (set by TMPDIR)")


def _close(root: Path) -> None:
    """Remove other users' permission to write to a folder that Chimera didn't create, such as a mounted disk."""
    mode = stat.S_IMODE(root.stat().st_mode)
    if sys.platform != "win32" and mode & _WRITTEN_BY_OTHERS:
        root.chmod(mode & ~_WRITTEN_BY_OTHERS)


def openness_of(folder: Path, owner: int | None = None) -> str | None:
    """Return how users other than the current user and `owner` can reach a folder's content; None if they can't."""
    if sys.platform == "win32":
        return None
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "is not a folder"
    if found.st_uid not in (os.geteuid(), owner):
        return f"belongs to {owner_name(found.st_uid)}"
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"can be entered by other users (mode {stat.S_IMODE(found.st_mode):o})"
    return None


def owner_name(uid: int) -> str:
    """Return a user's name for a message."""
    import pwd

    try:
        return repr(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return f"user {uid}"


def absolute(path: Path) -> Path:
    """Return the absolute path of a data folder, without resolving links. Raises FolderUnusable."""
    try:
        return path.expanduser().absolute()
    except FileNotFoundError:
        raise FolderUnusable(
            path, "is inside the current folder, which has been deleted. Change to another folder"
        ) from None
    except RuntimeError:
        raise FolderUnusable(path, "begins with ~, but this user has no home folder. Set HOME to a folder") from None


def check(root: Path) -> None:
    """Raise FolderUnusable if `root` can't be a data folder, for example because it contains other files.

    An OSError is passed on.
    """
    if any(sign in str(root) for sign in "\r\n"):
        # PostgreSQL doesn't accept line breaks in paths.
        raise FolderUnusable(root, "has a name that contains a line break")
    try:
        os.fsencode(root).decode()
    except UnicodeError:
        # Neither Temporal's configuration nor JSON can contain such a name.
        raise FolderUnusable(root, "has a name that is not UTF-8") from None
    if root.is_symlink() and not root.exists():
        raise FolderUnusable(root, f"is a link to {str(root.readlink())!r}, which doesn't exist")
    if not root.exists():
        return
    if not root.is_dir():
        raise FolderUnusable(root, "is a file, not a folder")
    if sys.platform != "win32":
        found = root.stat()
        if found.st_uid != os.geteuid():
            raise FolderUnusable(
                root, f"belongs to {owner_name(found.st_uid)}, but Chimera runs as {owner_name(os.geteuid())}"
            )
        if found.st_mode & stat.S_IWOTH and any(not entry.name.startswith((".", "lost")) for entry in root.iterdir()):
            raise FolderUnusable(root, "is writable by all users, so any user may have put files there")
    if (root / "run" / "lock").exists():
        return
    strange = sorted(entry.name for entry in root.iterdir() if not OWN_NAMES.fullmatch(entry.name))
    if strange:
        listed = ", ".join(strange[:3]) + (", …" if len(strange) > 3 else "")
        raise FolderUnusable(root, f"is not a Chimera folder, because it contains other files ({listed})")


class FolderLock:
    """A lock that is held while the stack runs. The system releases it when the process ends in any way."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock. Raises FolderInUse with the pid of the process that holds it, FolderUnusable and NoRoom."""
        try:
            file = (self._folder.run / "lock").open("a+")
        except OSError as error:
            if disk.is_full(error):
                raise NoRoom("Chimera", self._folder.root) from error
            raise FolderUnusable(self._folder.root, f"can't be written to: {error.strerror}") from error
        try:
            _lock(file)
        except OSError:
            file.seek(0)
            pid = file.readline().strip()
            file.close()
            raise FolderInUse(self._folder.root, int(pid) if pid.isdigit() else None) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        # The file is kept. If it were removed, two processes could each lock a different file of the same name.
        if self._file is not None:
            self._file.close()
            self._file = None
