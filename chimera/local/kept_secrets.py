"""Secrets that the first start with a data folder creates in `secrets.json`, which only its owner can read.

A copy of the folder contains them, too. Without `payload_keys`, Temporal's data can't be read. Only the start of the
stack creates secrets, and other processes only read them, so that no two processes create different ones.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path

from pydantic import SecretStr

from chimera.config import payload_keys
from chimera.local.errors import SecretsMissing, SecretsUnreadable
from chimera.local.folder import Folder, locked

SIGNING, SUPERUSER, DATABASE = "jwt_secret", "postgres_password", "database_password"
PAYLOADS = "payload_keys"
REDIS, REDIS_ADMIN = "redis_password", "redis_admin_password"


def make(folder: Folder, *names: str) -> None:
    """Create those of the named secrets that don't exist yet. Raises SecretsUnreadable.

    This has its own lock, because not only a stack, which holds the folder's lock, may call it.
    """
    with locked(folder.root / "secrets.lock"):
        there = _read(folder)
        missing = [name for name in names if name not in there]
        if missing:
            write(path_of(folder), there | {name: _made(name) for name in missing})


def kept(folder: Folder, name: str) -> SecretStr:
    """Return the named secret. Raises SecretsMissing if no start has created it, and SecretsUnreadable."""
    secret = found(folder, name)
    if secret is None:
        raise SecretsMissing(folder.root, name)
    return SecretStr(secret)


def found(folder: Folder, name: str) -> str | None:
    """Return the named secret, or None if no start has created it. Raises SecretsUnreadable."""
    return _read(folder).get(name)


def path_of(folder: Folder) -> Path:
    """Return the path of a data folder's secrets."""
    return folder.root / "secrets.json"


def write(path: Path, values: dict[str, str]) -> None:
    """Write a file completely or not at all. `mkstemp` makes it accessible only to its owner."""
    handle, new = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


def _made(name: str) -> str:
    return payload_keys.made() if name == PAYLOADS else secrets.token_urlsafe(48)


def _read(folder: Folder) -> dict[str, str]:
    path = path_of(folder)
    try:
        there = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SecretsUnreadable(path) from error
    if not isinstance(there, dict) or not all(isinstance(value, str) and value for value in there.values()):
        raise SecretsUnreadable(path)
    return there
