"""The access rules of the embedded PostgreSQL (`pg_hba.conf`): roles with their passwords only.

A cluster of an earlier version asked for no password; so does one whose passwords were lost with `secrets.json`. Such a
one is left open at its socket, which only its owner reaches, until its roles have passwords that this folder knows.
"""

import hashlib
import os
import sys
from pathlib import Path

from chimera.local import kept_secrets
from chimera.local.folder import Folder


def is_closed(folder: Folder) -> bool:
    """Whether the cluster asks for passwords, and for those that this folder has."""
    try:
        return _file(folder).read_text() == _text(folder, "scram-sha-256")
    except OSError:
        return False


def leave_open(folder: Folder) -> None:
    _write(folder, "trust")


def close(folder: Folder) -> None:
    _write(folder, "scram-sha-256")


def _file(folder: Folder) -> Path:
    return folder.postgres / "pg_hba.conf"


def _text(folder: Folder, method: str) -> str:
    # Says which passwords are meant without telling them: of 48 random bytes a hash gives nothing away. Both, so that
    # one that was lost and made anew is set at the next start.
    names = (kept_secrets.SUPERUSER, kept_secrets.DATABASE)
    passwords = " ".join(kept_secrets.kept(folder, name).get_secret_value() for name in names)
    known_by = hashlib.sha256(passwords.encode()).hexdigest()[:16]
    where = "host all all 127.0.0.1/32" if sys.platform == "win32" else "local all all"
    return (
        f"# Chimera writes this file when it starts. The passwords are in secrets.json ({known_by}).\n"
        f"{where} {method}\n"
    )


def _write(folder: Folder, method: str) -> None:
    # Made in our own folder and moved: in the cluster's, which may be another user's, a link could lead elsewhere.
    path, new = _file(folder), folder.root / "pg_hba.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_text(folder, method))
    if sys.platform != "win32":
        os.chown(new, folder.postgres.stat().st_uid, -1)
    new.replace(path)
