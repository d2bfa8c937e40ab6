"""Password hashes: Argon2id; bcrypt verifies too and is replaced at the next sign-in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from models.errors import TooBusy

CONCURRENT_HASHES = 4
"""Each takes 64 MiB and a core; more at once would starve everything else."""
MAX_WAITING = 16
"""More than wait for four hashes' time are told to come back: the queue is no place to keep everybody in."""

BCRYPT_MAX_BYTES = 72


class Passwords:
    """Hashes and checks in threads, so that the event loop goes on."""

    def __init__(self) -> None:
        self._hash = PasswordHash((Argon2Hasher(), BcryptHasher()))
        self._limit = asyncio.Semaphore(CONCURRENT_HASHES)
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Raises TooBusy, as `check` does, when too many wait already."""
        async with self._turn():
            return await asyncio.to_thread(self._hash.hash, password)

    async def check(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Say whether `password` is the one that was `stored`, and the hash to store instead if it is outdated.

        Without a stored hash (nobody has that e-mail) a hash of no password is checked, which takes as long.
        """
        if stored is None:
            self._nobodys = self._nobodys or await self.hash("")
        async with self._turn():
            return await asyncio.to_thread(self._check, password, stored or self._nobodys or "")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise TooBusy("passwords")
        self._waiting += 1
        try:
            await self._limit.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._limit.release()

    def _check(self, password: str, stored: str) -> tuple[bool, str | None]:
        if not stored.startswith("$argon2") and len(password.encode()) > BCRYPT_MAX_BYTES:
            return False, None
        try:
            return self._hash.verify_and_update(password, stored)
        except PwdlibError:
            return False, None
