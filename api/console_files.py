"""The built console in `api/console`, and what its build beside the start (`scripts/console.sh`) reports.

All files are read into memory, so that no path of a request leads to a file. A build replaces the folder at once, and
the next request for a page notices it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

FOLDER = Path(__file__).parent / "console"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Files with other suffixes aren't served."""
_HASHED = "assets/"
"""Vite's folder for files whose names contain a hash of their content."""

_Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """A file of the console. `packed` is its content as the build compressed it with gzip."""

    content: bytes
    packed: bytes | None
    media_type: str
    tag: str
    is_hashed: bool


@dataclass(frozen=True, slots=True)
class Console:
    """A built console: its page, with a placeholder for the nonce, and its files by their path below `/console/`."""

    page: str
    files: Mapping[str, ConsoleFile]


class BuiltConsole:
    """Reads the console again whenever it was built again."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._version: _Version | None = None
        self._console: Console | None = None

    @property
    def last_read(self) -> Console | None:
        return self._console

    def read(self) -> Console | None:
        """Return the console; None if it isn't built. While a build replaces the folder, the previous one is kept."""
        try:
            version = self._version_of_folder()
            if version != self._version:
                self._console, self._version = self._read(), version
        except FileNotFoundError:
            pass
        return self._console

    def _version_of_folder(self) -> _Version:
        page = (self.folder / "index.html").stat()
        # The build's last step writes the compressed assets, after the page.
        return page.st_ino, page.st_mtime_ns, (self.folder / "assets").stat().st_mtime_ns

    def _read(self) -> Console:
        paths = [path for path in self.folder.rglob("*") if path.suffix in MEDIA_TYPES and path.is_file()]
        named = {path.relative_to(self.folder).as_posix(): path for path in paths}
        shown = {name: path for name, path in named.items() if not name.startswith(".")}
        page = (self.folder / "index.html").read_text("utf-8")
        return Console(page, {name: _file(name, path) for name, path in shown.items()})


def _file(name: str, path: Path) -> ConsoleFile:
    content, packed = path.read_bytes(), path.with_name(f"{path.name}.gz")
    return ConsoleFile(
        content=content,
        packed=packed.read_bytes() if packed.exists() else None,
        media_type=MEDIA_TYPES[path.suffix],
        tag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        is_hashed=name.startswith(_HASHED),
    )


class Build(StrEnum):
    """What the build beside the start is doing: its lock names its process, and its log stays if it failed."""

    RUNNING = "running"
    FAILED = "failed"
    NONE = "none"


def build_of(folder: Path = FOLDER) -> Build:
    try:
        builder = int(str(folder.with_name(f"{folder.name}.lock").readlink()))
    except (OSError, ValueError):
        builder = 0
    if builder and psutil.pid_exists(builder):
        return Build.RUNNING
    return Build.FAILED if log_of(folder).exists() else Build.NONE


def log_of(folder: Path = FOLDER) -> Path:
    """Return the log of a failed build. Its last line says why it failed, and what to do."""
    return folder.with_name(f"{folder.name}.log")
