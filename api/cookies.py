"""The two cookies of a browser's session: the access token and the refresh token of our own pages.

A cookie counts only together with a header that no form and no foreign page can send, so a request that a browser makes
for another site's page never has a caller. The names end in the port, because browsers share cookies between all ports
of a host, and two installations on one machine would overwrite each other's.
"""

import re
from collections.abc import Iterator
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

MODE_HEADER = "Chimera-Session"
MODE = "cookie"
HOST_ONLY = "__Host-"
"""Browsers accept a cookie with this prefix only over https and for exactly one host, so that no other host can set it.
It requires the path `/`."""

_Kind = Literal["access", "refresh"]
_READS = ("GET", "HEAD")
_PORT = re.compile(r":(\d{1,5})$")
# Only what a token can consist of. Starlette unquotes all other values, in quadratic time (CVE-2024-7592).
_OURS = re.compile(rb"(?:^|;) ?((?:__Host-)?chimera_(?:access|refresh)(?:_\d{1,5})?=[A-Za-z0-9._-]{1,4096})(?=;|$)")


def ours_in(value: bytes) -> bytes:
    """Return the part of a Cookie header that is ours, which may be nothing."""
    return b"; ".join(_OURS.findall(value))


def asks_for_cookies(connection: HTTPConnection) -> bool:
    """Return whether a request asks for a session in cookies."""
    return connection.headers.get(MODE_HEADER) == MODE


def access_token(connection: HTTPConnection) -> str | None:
    """Return the access token in the cookie if it counts: for requests of our pages, and for downloads by their links.

    A link can't send our header, but browsers say where it was followed, if they trust the connection.
    """
    is_link = connection.scope.get("method") in _READS and connection.headers.get("sec-fetch-site") == "same-origin"
    if is_link or (asks_for_cookies(connection) and is_own_page(connection)):
        return _value_of(connection, "access")
    return None


def refresh_token(connection: HTTPConnection) -> str | None:
    """Return the refresh token in the cookie if the request is one of our pages."""
    return _value_of(connection, "refresh") if asks_for_cookies(connection) and is_own_page(connection) else None


def is_own_page(connection: HTTPConnection) -> bool:
    """Return whether a request comes from a page of this server, or from a program, which has no origin.

    Browsers send `Sec-Fetch-Site` only over connections that they trust. It is right even if a proxy changes the host.
    """
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is None:
        return True
    # The scheme is the proxy's if it isn't https.
    schemes = ("https",) if connection.scope.get("scheme") == "https" else ("http", "https")
    return origin in [f"{scheme}://{connection.headers.get('host')}" for scheme in schemes]


def set_cookies(connection: HTTPConnection, access: str, access_s: int, refresh: str, refresh_s: int) -> list[str]:
    """Return the values of `Set-Cookie` that give a browser the tokens, for as long as each is valid (seconds)."""
    return [_set_cookie(connection, "access", access, access_s), _set_cookie(connection, "refresh", refresh, refresh_s)]


def cleared_cookies(connection: HTTPConnection) -> list[str]:
    """Return the values of `Set-Cookie` that delete both cookies."""
    return set_cookies(connection, "", 0, "", 0)


def _set_cookie(connection: HTTPConnection, kind: _Kind, value: str, seconds: int) -> str:
    is_https = _is_https(connection)
    name = _name(connection, kind, HOST_ONLY if is_https else "")
    secure = "; Secure" if is_https else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _is_https(connection: HTTPConnection) -> bool:
    """Return whether the browser used https, which a proxy that isn't listed doesn't tell us, but the origin does."""
    return connection.scope.get("scheme") == "https" or connection.headers.get("origin", "").startswith("https://")


def _value_of(connection: HTTPConnection, kind: _Kind) -> str | None:
    found = dict(_pairs_of(connection.headers))
    # Over https, another host of the same domain could have set a cookie without the prefix.
    prefixes = (HOST_ONLY,) if _is_https(connection) else (HOST_ONLY, "")
    values = (found.get(_name(connection, kind, prefix)) for prefix in prefixes)
    return next((value for value in values if value), None)


def _name(connection: HTTPConnection, kind: _Kind, prefix: str) -> str:
    port = _PORT.search(connection.headers.get("host", ""))
    return f"{prefix}chimera_{kind}{f'_{port[1]}' if port else ''}"


def _pairs_of(headers: Headers) -> Iterator[tuple[str, str]]:
    for header in headers.getlist("cookie"):
        for pair in ours_in(header.encode("latin-1")).split(b"; "):
            name, _, value = pair.decode("ascii").partition("=")
            yield name, value
