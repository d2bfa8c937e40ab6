"""B5: folders that other users created or opened before the embedded stack starts in them."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.security.finding import Finding, Seen
from chimera.config.settings import Settings
from chimera.local import LocalStack
from chimera.local.errors import FolderUnusable, SocketsUnsafe
from chimera.local.folder import Folder, openness_of
from tests.ports import free_port
from tests.stack import Stack

OTHER_USER = 12345
LONG = "/".join(["a long name " * 5] * 3)
"""A path that is too long for a socket's address."""


async def sockets_of_others(_stack: Stack) -> Seen:
    """Check that only our own folders are used: the owner of a socket's folder can impersonate the database."""
    seen = Seen()
    if os.geteuid() != 0:
        seen.not_tried = "needs root"
        return seen
    with tempfile.TemporaryDirectory(prefix="chimera-folders-") as name:
        folder = Folder.at(Path(name, LONG))
        foreign = [_foreign(Path(tempfile.gettempdir(), f"chimera-{_known_before(each)}")) for each in _parts(folder)]
        for part, other in zip(_parts(folder), foreign, strict=True):
            (folder.run / f"{part.name}.sockets").write_text(str(other))
        try:
            async with started(folder.root):
                taken = [Path((folder.run / f"{part.name}.sockets").read_text()) for part in _parts(folder)]
                for path in taken:
                    seen.expect(path not in foreign, f"{path}, created by another user, was used")
                    problem = openness_of(path, folder.postgres.stat().st_uid)
                    seen.expect(problem is None, f"{path} {problem}")
                for other in foreign:
                    seen.expect(not list(other.iterdir()), f"something was written to {other}")
            for path in taken:
                seen.expect(not path.exists(), f"{path} was left behind")
        finally:
            for other in foreign:
                shutil.rmtree(other)
    for what, spoil, refusal in SPOILT:
        with tempfile.TemporaryDirectory(prefix="chimera-folders-") as name:
            folder = Folder.at(Path(name, "data"))
            spoil(folder)
            outcome = "started"
            try:
                async with started(folder.root):
                    pass
            except Exception as error:  # noqa: BLE001  the type of the error is the result
                outcome = type(error).__name__
            seen.expect(outcome == refusal.__name__, f"{what}: {outcome}")
    return seen


@asynccontextmanager
async def started(path: Path) -> AsyncIterator[Settings]:
    temporal, ui = free_port(), free_port()
    settings = Settings(data_dir=path, temporal_port=temporal, temporal_ui_port=ui)
    async with LocalStack(settings, services=False) as started:
        yield started


def _parts(folder: Folder) -> tuple[Path, Path]:
    return folder.postgres, folder.redis


def _known_before(path: Path) -> str:
    """Return the name that the folder for a server's sockets had in the past, which every user could know."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _foreign(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o777)
    os.chown(path, OTHER_USER, OTHER_USER)
    return path


def _is_anothers(folder: Folder) -> None:
    os.chown(folder.root, OTHER_USER, OTHER_USER)


def _is_world_readable(folder: Folder) -> None:
    (folder.root / "secrets.json").write_text("{}")
    folder.root.chmod(0o777)


def _redis_is_open(folder: Folder) -> None:
    folder.redis.chmod(0o777)


def _redis_is_anothers(folder: Folder) -> None:
    os.chown(folder.redis, OTHER_USER, OTHER_USER)


SPOILT: tuple[tuple[str, Callable[[Folder], None], type[Exception]], ...] = (
    ("another user's data folder", _is_anothers, FolderUnusable),
    ("a world-writable data folder", _is_world_readable, FolderUnusable),
    ("a Redis folder that every user can enter", _redis_is_open, SocketsUnsafe),
    ("a Redis folder owned by another user", _redis_is_anothers, SocketsUnsafe),
)
"""Changes to a folder before the start, and the error that each must cause."""

FINDINGS = (Finding("B5", "socket folders that other users created or can enter are not used", sockets_of_others),)
