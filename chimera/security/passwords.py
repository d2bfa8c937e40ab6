"""Password hashes with Argon2id. bcrypt hashes are verified too, and replaced at the next sign-in."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from chimera.security.turns import Turns

CONCURRENT_HASHES = 4
"""Each hash needs 64 MiB and a core; more at once would starve everything else."""
MAX_WAITING = 16
"""A request waits for at most four hashes in a row. Further requests are rejected with a retry time, so that the queue
stays short."""

BCRYPT_MAX_BYTES = 72


class Passwords:
    """Hashes and checks passwords in threads, so that the event loop isn't blocked."""

    def __init__(self) -> None:
        self._hash = PasswordHash((Argon2Hasher(), BcryptHasher()))
        self._turns = Turns(CONCURRENT_HASHES, MAX_WAITING, "passwords")
        self._decoy_hash: str | None = None

    async def hash(self, password: str, *, sender: str = "", is_known: bool = False) -> str:
        """Return the hash of a password. Raises TooBusy, as `check` does, if too many requests are waiting."""
        async with self._turns.turn(sender, is_known=is_known):
            return await asyncio.to_thread(self._hash.hash, password)

    async def check(
        self, password: str, stored: str | None, *, sender: str = "", is_known: bool = False
    ) -> tuple[bool, str | None]:
        """Return whether `password` matches the `stored` hash, and the hash to store instead if it is outdated.

        Without a stored hash (no account has that e-mail), the hash of an empty password is checked, which takes as
        long. Senders take turns; half of the queue is reserved for known senders.
        """
        async with self._turns.turn(sender, is_known=is_known):
            if stored is None and self._decoy_hash is None:
                self._decoy_hash = await asyncio.to_thread(self._hash.hash, "")
            return await asyncio.to_thread(self._check, password, stored or self._decoy_hash or "")

    def _check(self, password: str, stored: str) -> tuple[bool, str | None]:
        if not stored.startswith("$argon2") and len(password.encode()) > BCRYPT_MAX_BYTES:
            return False, None
        try:
            return self._hash.verify_and_update(password, stored)
        except PwdlibError:
            return False, None
