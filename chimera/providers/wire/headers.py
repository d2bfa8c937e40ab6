"""Checks the headers that a vendor's SDK reads from the environment by itself, before a request."""

import re
from collections.abc import Mapping

from models.errors import UnusableHeader

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def is_sendable(value: str, *, as_utf8: bool = False) -> bool:
    """Return whether an HTTP header can have this value; `as_utf8` is for SDKs that send more than ASCII."""
    if as_utf8:
        return not _CONTROL.search(value) and value == value.strip()
    return value.isascii() and value.isprintable() and value == value.strip()


def check(provider: str, headers: Mapping[str, object], variables: str, *, as_utf8: bool = False) -> None:
    """Raise UnusableHeader for a header that can't be sent. `variables` are those that the SDK's headers come from."""
    for name, value in headers.items():
        if isinstance(value, str) and not (_NAME.fullmatch(name) and is_sendable(value, as_utf8=as_utf8)):
            raise UnusableHeader(provider, name, variables)
