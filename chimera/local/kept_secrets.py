"""Secrets that a data folder's first start makes: `secrets.json`, which only its owner can read.

A copy of the folder has them too. Without `payload_keys`, Temporal's data can't be read.
Only the start of the stack creates them; other processes only read them, so that two never create different ones.
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
    """Make those secrets that aren't there yet; what is there stays. Raises SecretsUnreadable.

    Under a lock of its own: not only a stack, which holds the folder's, may call this.
    """
    with locked(folder.root / "secrets.lock"):
        there = _read(folder)
        missing = [name for name in names if name not in there]
        if missing:
            write(path_of(folder), there | {name: _made(name) for name in missing})


def kept(folder: Folder, name: str) -> SecretStr:
    """Return the secret of that name. Raises SecretsMissing where no start has made it, and SecretsUnreadable."""
    secret = found(folder, name)
    if secret is None:
        raise SecretsMissing(folder.root, name)
    return SecretStr(secret)


def found(folder: Folder, name: str) -> str | None:
    """Return the secret of that name, or None where no start has made it. Raises SecretsUnreadable."""
    return _read(folder).get(name)


def path_of(folder: Folder) -> Path:
    """Where the secrets of a data folder are."""
    return folder.root / "secrets.json"


def write(path: Path, values: dict[str, str]) -> None:
    """Write a file whole or not at all. `mkstemp` gives it to its owner alone."""
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
