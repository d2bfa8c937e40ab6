"""Headers that a vendor's SDK takes from the environment by itself: refused in words before one is sent in vain."""

import re
from collections.abc import Mapping

from models.errors import UnusableHeader

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_sendable(value: str) -> bool:
    """Say whether an HTTP header can have this text as its value."""
    return value.isascii() and value.isprintable() and value == value.strip()


def check(provider: str, headers: Mapping[str, object], variables: str) -> None:
    """Raise UnusableHeader for one that no request can have. `variables` are what an SDK makes its own headers of."""
    for name, value in headers.items():
        if isinstance(value, str) and not (_NAME.fullmatch(name) and is_sendable(value)):
            raise UnusableHeader(provider, name, variables)
