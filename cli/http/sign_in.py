"""The stored sign-in: a file that only its owner may read, and a lock beside it.

A refresh token works only once. The command that uses it holds the lock until the next token is in the file, so that
two simultaneous commands don't end each other's session.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from pydantic import Field, ValidationError

from cli.errors import NotReachable
from models.base import Contract
from models.users import Tokens

LOCK_LIMIT_S = 30.0
POLL_S = 0.05
EARLY_S = 30.0
"""An access token that expires within this time counts as expired, because clocks differ and requests take time."""

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class SignIn(Contract):
    """A sign-in: user, API and tokens."""

    api_url: str
    email: str
    refresh_token: str = Field(repr=False)
    access_token: str = Field(default="", repr=False)
    expires_at: float = 0.0

    @classmethod
    def of(cls, api_url: str, email: str, tokens: Tokens) -> "SignIn":
        return cls(
            api_url=api_url,
            email=email,
            refresh_token=tokens.refresh_token,
            access_token=tokens.access_token,
            expires_at=time.time() + tokens.expires_in,
        )

    @property
    def is_fresh(self) -> bool:
        return bool(self.access_token) and time.time() < self.expires_at - EARLY_S


def in_folder(data_dir: Path) -> Path:
    """Return the path of the sign-in to the Chimera server that stores its data in this folder."""
    return data_dir.expanduser() / "cli.json"


def at_home() -> Path:
    """Return the path of the sign-in that `chimera login` stores."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "chimera" / "cli.json"


def read(path: Path) -> SignIn | None:
    """Return the stored sign-in; None if there is no readable one."""
    try:
        return SignIn.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write(path: Path, sign_in: SignIn) -> None:
    """Store a sign-in atomically, so that readers never find a partial one. Only its owner can read the file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(sign_in.model_dump_json(indent=2))
        file.flush()
        # The old token has been used by now, so a crash of the machine must not restore it.
        os.fsync(file.fileno())
    new.replace(path)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Hold the lock of a sign-in's file. The system releases the lock if the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = path.with_suffix(".lock")
    give_up = time.monotonic() + LOCK_LIMIT_S
    # Any user who can open this file can hold the lock, so only its owner may open it.
    with os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        while not _try_lock(file):
            if time.monotonic() > give_up:
                raise NotReachable(str(lock), "another command has locked this file")
            await asyncio.sleep(POLL_S)
        yield
