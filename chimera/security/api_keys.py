"""API keys: `ck_<id>_<secret>`. The secret is random, so its SHA-256 is enough: it can't be guessed from the hash."""

import asyncio
import hashlib
import hmac
import secrets
import time
from typing import NamedTuple
from uuid import UUID, uuid4

import structlog

from chimera.db.engine import AWAY, READ_SECONDS, SESSION_AWAY, Database
from chimera.store import api_keys
from chimera.store.users import SessionOwner
from models.api_keys import PREFIX
from models.ids import ApiKeyId

log = structlog.get_logger()

SECRET_BYTES = 24
MAX_KEY_CHARS = 200
MAX_KNOWN = 10_000
NOTED_SECONDS = 60.0
"""How often the use of a key or session is noted."""
_NO_SECRET = hashlib.sha256(secrets.token_bytes(SECRET_BYTES)).hexdigest()
"""Compared with if there is no such key, so that it takes as long."""


class NewKey(NamedTuple):
    """A new key, which is shown once, and what is stored of it."""

    key: str
    id: ApiKeyId
    secret_sha256: str


def new_key() -> NewKey:
    """Return a new random key."""
    id, secret = uuid4(), secrets.token_hex(SECRET_BYTES)
    return NewKey(f"{PREFIX}{id.hex}_{secret}", ApiKeyId(str(id)), _sha256(secret))


def is_key(token: str) -> bool:
    """Return whether a token claims to be an API key."""
    return token.startswith(PREFIX)


class ApiKeys:
    """Recognizes API keys. Whether a key is still valid is part of its owner's account state."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # These columns of a key never change, so they are read once.
        self._known: dict[str, api_keys.Holder] = {}

    async def holder_of(self, key: str) -> SessionOwner | None:
        """Return the owner and ID of a key with the right secret, which may have been deleted since; else None."""
        parts = _parts_of(key)
        if parts is None:
            return None
        id, secret = parts
        holder = self._known.get(id) or await self._find(id)
        stored = holder.secret_sha256 if holder else _NO_SECRET
        is_right = hmac.compare_digest(_sha256(secret), stored)
        return SessionOwner(holder.owner_id, id) if holder and is_right else None

    async def _find(self, id: str) -> api_keys.Holder | None:
        async with self._database.statements(READ_SECONDS) as connection:
            holder = await api_keys.holder_of(connection, ApiKeyId(id))
        if holder is not None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[id] = holder
        return holder


class LastUses:
    """Notes when API keys and sessions were used: once a minute, and not while their requests wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, float] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, id: str, *, is_key: bool) -> None:
        """Note that a key or session is used now."""
        now = time.monotonic()
        if now - self._noted.get(id, float("-inf")) < NOTED_SECONDS:
            return
        if len(self._noted) >= MAX_KNOWN:
            self._noted.clear()
        self._noted[id] = now
        task = asyncio.create_task(self._write(id, is_key=is_key))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Wait for the notes that are being written."""
        await asyncio.gather(*self._writing)

    async def _write(self, id: str, *, is_key: bool) -> None:
        try:
            async with self._database.statements() as connection:
                await api_keys.note_use(connection, id, is_key=is_key)
        except (*AWAY, *SESSION_AWAY) as error:
            log.debug("use_not_noted", error=type(error).__name__)


def _parts_of(key: str) -> tuple[str, str] | None:
    """Return the ID and secret in a key; None if it can't be a key."""
    if len(key) > MAX_KEY_CHARS or not key.isascii():
        return None
    id, _, secret = key.removeprefix(PREFIX).partition("_")
    try:
        return (str(UUID(id)), secret) if secret else None
    except ValueError:
        return None


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
