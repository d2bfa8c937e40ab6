"""Secrets that a data folder's first start makes: `secrets.json`, which only its owner can read.

A copy of the folder has them too. Without `payload_keys` nobody reads what Temporal's file holds.
Whoever starts the stack makes them; everybody else only reads them, so that two never make different ones.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path

from pydantic import SecretStr

from chimera import payload_keys
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
        found = _read(folder)
        missing = [name for name in names if name not in found]
        if missing:
            _write(_path(folder), found | {name: _made(name) for name in missing})


def kept(folder: Folder, name: str) -> SecretStr:
    """Return the secret of that name. Raises SecretsMissing where no start has made it, and SecretsUnreadable."""
    found = _read(folder)
    if name not in found:
        raise SecretsMissing(folder.root, name)
    return SecretStr(found[name])


def keys_for_payloads(folder: Folder, asked: SecretStr | None) -> SecretStr:
    """Return the keys that settings ask for, and behind them the kept one, which runs from before are encrypted with.

    Makes one where there is none at all. Raises SecretsUnreadable.
    """
    if asked is None:
        make(folder, PAYLOADS)
        return kept(folder, PAYLOADS)
    first = asked.get_secret_value()
    before = _read(folder).get(PAYLOADS)
    if before is None or payload_keys.parse(before).keys() <= payload_keys.parse(first).keys():
        return asked
    return SecretStr(f"{first},{before}")


def _made(name: str) -> str:
    return payload_keys.made() if name == PAYLOADS else secrets.token_urlsafe(48)


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
