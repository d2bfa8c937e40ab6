"""Password hashes: Argon2id; bcrypt verifies too and is replaced at the next sign-in."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

CONCURRENT_HASHES = 4
"""Each takes 64 MiB and a core; more at once would starve everything else."""

BCRYPT_MAX_BYTES = 72


class Passwords:
    """Hashes and checks in threads, so that the event loop goes on."""

    def __init__(self) -> None:
        self._hash = PasswordHash((Argon2Hasher(), BcryptHasher()))
        self._limit = asyncio.Semaphore(CONCURRENT_HASHES)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        async with self._limit:
            return await asyncio.to_thread(self._hash.hash, password)

    async def check(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Say whether `password` is the one that was `stored`, and the hash to store instead if it is outdated.

        Without a stored hash (nobody has that e-mail) a hash of no password is checked, which takes as long.
        """
        if stored is None:
            self._nobodys = self._nobodys or await self.hash("")
        async with self._limit:
            return await asyncio.to_thread(self._check, password, stored or self._nobodys or "")

    def _check(self, password: str, stored: str) -> tuple[bool, str | None]:
        if not stored.startswith("$argon2") and len(password.encode()) > BCRYPT_MAX_BYTES:
            return False, None
        try:
            return self._hash.verify_and_update(password, stored)
        except PwdlibError:
            return False, None
