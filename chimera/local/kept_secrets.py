"""Secrets that a data folder's first start makes: `secrets.json`, which only its owner can read."""

import json
import os
import secrets

from pydantic import SecretStr

from chimera.local.folder import Folder

SIGNING, SUPERUSER, DATABASE = "jwt_secret", "postgres_password", "database_password"


def kept(folder: Folder, name: str) -> SecretStr:
    """Return the secret of that name, made where there is none yet."""
    path = folder.root / "secrets.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if name not in found:
        found[name] = secrets.token_urlsafe(48)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(found, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    return SecretStr(found[name])
