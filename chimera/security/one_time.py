"""One-time tokens: random, shown once, and stored as a SHA-256, which is enough because they can't be guessed."""

import hashlib
import secrets
from typing import NamedTuple


class OneTimeToken(NamedTuple):
    token: str
    sha256: str


def new_token() -> OneTimeToken:
    """Return a new random token."""
    token = secrets.token_urlsafe(32)
    return OneTimeToken(token, sha256_of(token))


def sha256_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
