"""The one folder that the embedded stack keeps everything in, the lock on it, and the secrets made for it."""

import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import SecretStr

from chimera import disk
from chimera.local.errors import FolderInUse, FolderUnusable, NoRoom

SOCKET_PATH_BYTES = 103
"""The longest address of a Unix socket: 103 bytes on macOS, 107 on Linux."""

OWN_NAMES = re.compile(
    r"logs|run|redis|postgres(\.new)?|temporal\.db.*|secrets\.\w+|cli\..*|simulator\.jsonl|lost\+found"
    r"|\.(DS_Store|directory|git(ignore|keep)|localized|nfs.*|Trash.*)"
)
"""What may be in a folder that no stack has run in yet: ours, and what systems put everywhere."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        # Far behind the text: a locked range can't be read by others, and they want to read whose lock it is.
        file.seek(1_000_000)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Folder:
    """Where each thing is. Paths are absolute, since children may run elsewhere."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "Folder":
        """Make the folder and what belongs in it; only its owner may look inside. Raises FolderUnusable."""
        folder = cls(path.expanduser().absolute())
        try:
            check(folder.root)
            for each in (folder.root, folder.logs, folder.run, folder.redis):
                if not each.exists():
                    each.mkdir(parents=True, mode=0o700)
        except OSError as error:
            if disk.is_full(error):
                raise NoRoom("Chimera", folder.root) from error
            raise FolderUnusable(folder.root, f"can't be made or read: {error.strerror}") from error
        return folder

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What is true only while the stack runs."""
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
        """What a process prints; its own log, where it keeps one, is `<name>.log` beside it."""
        return self.logs / f"{name}.out"

    def socket_folder(self, preferred: Path, name: str) -> Path:
        """Return `preferred`, or a short private folder in its place where a socket's address would be too long."""
        if len(os.fsencode(preferred / name)) <= SOCKET_PATH_BYTES:
            return preferred
        short = self._short_folder(preferred)
        short.mkdir(mode=0o700, exist_ok=True)
        if short.is_symlink() or (hasattr(os, "geteuid") and os.geteuid() not in (0, short.stat().st_uid)):
            raise PermissionError(f"{short} belongs to somebody else; use a shorter CHIMERA_DATA_DIR")
        return short

    def remove_sockets(self) -> None:
        """Remove what `socket_folder` made outside this folder."""
        for preferred in (self.postgres, self.redis):
            shutil.rmtree(self._short_folder(preferred), ignore_errors=True)

    def _short_folder(self, preferred: Path) -> Path:
        digest = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"chimera-{digest}"


def check(root: Path) -> None:
    """Raise FolderUnusable when `root` is no folder, or one that somebody else keeps things in; OSError as it comes."""
    if not root.exists():
        return
    if not root.is_dir():
        raise FolderUnusable(root, "is a file, not a folder")
    if (root / "run" / "lock").exists():
        return
    strange = sorted(entry.name for entry in root.iterdir() if not OWN_NAMES.fullmatch(entry.name))
    if strange:
        listed = ", ".join(strange[:3]) + (", …" if len(strange) > 3 else "")
        raise FolderUnusable(root, f"is not Chimera's: it has other things in it ({listed})")


class FolderLock:
    """Held as long as the stack runs. The system drops it when the process dies, however it dies."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock or raise FolderInUse with the pid of the process that has it."""
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
        # The file stays: removing it would let two processes hold a lock on two files of that name.
        if self._file is not None:
            self._file.close()
            self._file = None


def signing_secret(folder: Folder) -> SecretStr:
    """Return the secret that this folder's tokens are signed with; make it at the first start."""
    path = folder.root / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if "jwt_secret" not in kept:
        kept["jwt_secret"] = secrets.token_urlsafe(48)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file)
        new.replace(path)
    return SecretStr(kept["jwt_secret"])
