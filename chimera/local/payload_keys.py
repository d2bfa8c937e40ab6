"""The payload keys of the embedded Temporal: which keys a start uses, and which keys its runs need.

`payload_keys.json` in the data folder stores the id of each key that has encrypted something, with a digest that
distinguishes it from other keys with the same id. The file contains no secrets. It survives the loss of `secrets.json`,
so that Chimera can name the missing keys. Otherwise, runs would wait for them without any message.
"""

import hashlib
import json
from pathlib import Path

from pydantic import SecretStr

from chimera.config import payload_keys
from chimera.local import kept_secrets
from chimera.local.errors import KeyIdsUnreadable, SecretsUnreadable
from chimera.local.folder import Folder

DIGEST_CHARACTERS = 16
"""Enough to distinguish two keys; it reveals nothing about 32 random bytes."""


def take(folder: Folder, asked: SecretStr | None) -> tuple[SecretStr, list[str]]:
    """Return the keys to start with and the ids of missing keys, and record which keys are in use.

    The keys in the settings come first, followed by the key in `secrets.json`, with which earlier runs are encrypted.
    If there is neither, a key is created. This must be called before Temporal starts. Raises SecretsUnreadable and
    KeyIdsUnreadable.
    """
    if asked is None:
        # Read first, so that nothing is created if the existing key can't be used.
        _kept(folder)
        kept_secrets.make(folder, kept_secrets.PAYLOADS)
    keys = _known(folder, asked)
    in_use = _in_use(folder)
    gone = _missing(in_use, keys)
    # Only the first key encrypts. In a folder older than `payload_keys.json`, any of the keys may have encrypted runs.
    is_older = folder.temporal.exists() and not in_use
    using = keys if is_older else dict([next(iter(keys.items()))])
    noted = in_use | {id: _digest(key) for id, key in using.items() if id not in gone}
    if noted != in_use:
        kept_secrets.write(_path(folder), noted)
    return SecretStr(payload_keys.written(keys)), gone


def missing(folder: Folder, asked: SecretStr | None) -> list[str]:
    """Return the ids of keys that runs in this folder were encrypted with, but that a start wouldn't have.

    Creates nothing. Raises SecretsUnreadable and KeyIdsUnreadable.
    """
    return _missing(_in_use(folder), _known(folder, asked))


def known(folder: Folder, asked: SecretStr | None) -> list[tuple[str, Path | None]]:
    """Return the ids of the keys that a start would have, beginning with the one that encrypts.

    Each has the file that contains the key, or None if the key is in the settings. Creates nothing. Raises
    SecretsUnreadable.
    """
    set_here = {} if asked is None else payload_keys.parse(asked.get_secret_value())
    return [(id, None if id in set_here else kept_secrets.path_of(folder)) for id in _known(folder, asked)]


def warning(folder: Folder, gone: list[str]) -> str:
    """Explain what these missing keys mean, and every way to continue."""
    ids = ", ".join(repr(id[:64]) for id in gone)
    return (
        f"some runs in {folder.temporal} were encrypted with payload keys that are missing or different: {ids}. Open"
        f" runs wait until these keys are available. Restore {kept_secrets.path_of(folder)} from a backup or set the"
        " keys in CHIMERA_PAYLOAD_KEYS, and then restart Chimera. If a key is lost, cancel the tasks whose runs were"
        f" encrypted with it. Once a key is no longer needed, remove its ID from {_path(folder)}."
    )


def _known(folder: Folder, asked: SecretStr | None) -> dict[str, bytes]:
    first = {} if asked is None else payload_keys.parse(asked.get_secret_value())
    # A key in the settings replaces the key with the same id in `secrets.json`.
    return first | {id: key for id, key in _kept(folder).items() if id not in first}


def _kept(folder: Folder) -> dict[str, bytes]:
    written = kept_secrets.found(folder, kept_secrets.PAYLOADS)
    try:
        return {} if written is None else payload_keys.parse(written)
    except ValueError as error:
        raise SecretsUnreadable(kept_secrets.path_of(folder), kept_secrets.PAYLOADS) from error


def _missing(in_use: dict[str, str], keys: dict[str, bytes]) -> list[str]:
    return [id for id, digest in in_use.items() if id not in keys or _digest(keys[id]) != digest]


def _digest(key: bytes) -> str:
    return hashlib.sha256(b"chimera payload key" + key).hexdigest()[:DIGEST_CHARACTERS]


def _in_use(folder: Folder) -> dict[str, str]:
    """Return the digests of the keys in use by id. If Temporal has no database yet, nothing has been encrypted."""
    if not folder.temporal.exists():
        return {}
    path = _path(folder)
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise KeyIdsUnreadable(path) from error
    if not isinstance(found, dict) or not all(isinstance(digest, str) for digest in found.values()):
        raise KeyIdsUnreadable(path)
    return found


def _path(folder: Folder) -> Path:
    return folder.root / "payload_keys.json"
