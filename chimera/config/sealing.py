"""Secrets of users at rest: encrypted with the installation's payload keys (AES-256-GCM).

A sealed value begins with the length and the ID of its key, so that keys can be replaced as in Temporal's payloads: the
first key of `CHIMERA_PAYLOAD_KEYS` seals, and all of them unseal.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chimera.config import payload_keys
from chimera.config.settings import Settings
from models.errors import ChimeraError

NONCE_BYTES = 12


class NoKey(ChimeraError):
    """There is no key to encrypt a secret with."""

    code, http_status, title = "no_payload_key", 422, "Secrets can't be stored"

    def __init__(self, field: str) -> None:
        super().__init__(
            "This installation has no key to encrypt secrets with. Set CHIMERA_PAYLOAD_KEYS and restart Chimera, or"
            " omit this field.",
            field=field,
        )


class NotUnsealable(ChimeraError):
    """A stored secret can't be decrypted with this process's keys."""

    code, http_status, title = "secret_unreadable", 503, "A stored secret can't be decrypted"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"A stored secret can't be decrypted with the key {key_id!r}. Add this key to CHIMERA_PAYLOAD_KEYS after"
            " the first key, or store the secret again."
        )


def seal(settings: Settings, data: bytes, place: str) -> bytes:
    """Encrypt a secret. `place` names where it is stored, such as a table and a row: it can't be unsealed elsewhere.

    Raises NoKey, naming the last part of `place` as the field.
    """
    keys = _keys(settings)
    if not keys:
        raise NoKey(place.rpartition(".")[2])
    id, key = next(iter(keys.items()))
    nonce = os.urandom(NONCE_BYTES)
    return bytes([len(id)]) + id.encode() + nonce + AESGCM(key).encrypt(nonce, data, f"{place}|{id}".encode())


def unseal(settings: Settings, sealed: bytes, place: str) -> bytes:
    """Decrypt a secret that was sealed for this place. Raises NotUnsealable."""
    length = sealed[0] if sealed else 0
    id, rest = sealed[1 : 1 + length].decode(errors="replace"), sealed[1 + length :]
    key = _keys(settings).get(id)
    if key is None:
        raise NotUnsealable(id)
    try:
        return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], f"{place}|{id}".encode())
    except (InvalidTag, ValueError):
        raise NotUnsealable(id) from None


def _keys(settings: Settings) -> dict[str, bytes]:
    written = settings.payload_keys
    return {} if written is None else payload_keys.parse(written.get_secret_value())
