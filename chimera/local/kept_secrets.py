"""Secrets that a data folder's first start makes: `secrets.json`, which only its owner can read.

Whoever starts the stack makes them; everybody else only reads them, so that two never make different ones.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path

from pydantic import SecretStr

from chimera.local.errors import SecretsMissing, SecretsUnreadable
from chimera.local.folder import Folder, locked

SIGNING, SUPERUSER, DATABASE = "jwt_secret", "postgres_password", "database_password"
REDIS, REDIS_ADMIN = "redis_password", "redis_admin_password"


def make(folder: Folder, *names: str) -> None:
    """Make those secrets that aren't there yet; what is there stays. Raises SecretsUnreadable.

    Under a lock of its own: not only a stack, which holds the folder's, may call this.
    """
    with locked(folder.root / "secrets.lock"):
        found = _read(folder)
        missing = [name for name in names if name not in found]
        if missing:
            _write(_path(folder), found | {name: secrets.token_urlsafe(48) for name in missing})


def kept(folder: Folder, name: str) -> SecretStr:
    """Return the secret of that name. Raises SecretsMissing where no start has made it, and SecretsUnreadable."""
    found = _read(folder)
    if name not in found:
        raise SecretsMissing(folder.root, name)
    return SecretStr(found[name])


def _path(folder: Folder) -> Path:
    return folder.root / "secrets.json"


def _read(folder: Folder) -> dict[str, str]:
    path = _path(folder)
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SecretsUnreadable(path) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) and value for value in found.values()):
        raise SecretsUnreadable(path)
    return found


def _write(path: Path, found: dict[str, str]) -> None:
    """Write the file whole or not at all. `mkstemp` gives it to its owner alone."""
    handle, new = tempfile.mkstemp(prefix="secrets.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(found, file)
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
