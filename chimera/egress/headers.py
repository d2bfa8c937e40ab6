"""Headers that a caller may set."""

import re
from collections.abc import Mapping

from chimera.egress.errors import EgressRefused

MAX_HEADERS = 50
MAX_HEADER_CHARS = 8192

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_RESERVED = frozenset(
    {
        *("connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade", "via", "forwarded", "accept-encoding"),
    }
)
"""Headers that describe the connection or the body's form. They are the client's, or they would deceive a server."""
_RESERVED_STARTS = ("proxy-", "x-forwarded-", "sec-")

_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with names in lower case. Raises EgressRefused, naming the header but never its value."""
    if len(headers) > MAX_HEADERS:
        raise EgressRefused(f"The request has {len(headers)} headers. Send at most {MAX_HEADERS}.")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        _check(name, value)
        checked[name.lower()] = value.strip()
    return checked


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return only the headers that may be sent to another origin than the one for which they were set."""
    return {name: value for name, value in headers.items() if name in _HARMLESS}


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers in the spelling that is usual on the wire: `Idempotency-Key`."""
    return {"-".join(part.capitalize() for part in name.split("-")): value for name, value in headers.items()}


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise EgressRefused(f"{name[:60]!r} is not a header name. Use a name such as Content-Type.")
    if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_STARTS):
        raise EgressRefused(f"The header {name!r} can't be set. Leave it out.")
    if not _VALUE.fullmatch(value) or len(value) > MAX_HEADER_CHARS:
        raise EgressRefused(
            f"The value of the header {name!r} contains line breaks or other characters than ASCII, or is longer than"
            f" {MAX_HEADER_CHARS} characters. Correct the value."
        )
