"""The access rules of the embedded PostgreSQL (`pg_hba.conf`): roles must sign in with their passwords.

There are two exceptions: a cluster of an earlier version, which required no passwords, and one whose passwords were
lost with `secrets.json`. Such a cluster accepts connections without passwords at its socket, which only its owner can
reach, until its roles have passwords that are in this folder.
"""

import hashlib
import os
import sys
from pathlib import Path

from chimera.local import kept_secrets
from chimera.local.folder import Folder


def is_closed(folder: Folder) -> bool:
    """Return whether the cluster requires passwords, and they are the ones in this folder."""
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
    # Identifies the passwords without revealing them: a hash discloses nothing about 48 random bytes. It covers both
    # passwords, so that if either is lost and created again, the new one is set at the next start.
    names = (kept_secrets.SUPERUSER, kept_secrets.DATABASE)
    passwords = " ".join(kept_secrets.kept(folder, name).get_secret_value() for name in names)
    known_by = hashlib.sha256(passwords.encode()).hexdigest()[:16]
    where = "host all all 127.0.0.1/32" if sys.platform == "win32" else "local all all"
    return (
        f"# Chimera writes this file when it starts. The passwords are in secrets.json ({known_by}).\n"
        f"{where} {method}\n"
    )


def _write(folder: Folder, method: str) -> None:
    # Created in our own folder and then moved. The cluster's folder may belong to another user, so a link in it could
    # lead elsewhere.
    path, new = _file(folder), folder.root / "pg_hba.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_text(folder, method))
    if sys.platform != "win32":
        os.chown(new, folder.postgres.stat().st_uid, -1)
    new.replace(path)
