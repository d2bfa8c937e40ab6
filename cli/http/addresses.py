"""The addresses at which this installation's own parts can be reached from this machine."""

import re
from urllib.parse import urlsplit

from chimera.config.addresses import is_near, problem_of
from chimera.config.settings import Settings
from cli.errors import WrongUsage

_ADDRESS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):/+)?([^/\s]+)(/\S*)?")
_NOT_PART_OF_IT = ("/api", "/api/v1", "/docs", "/health")
"""Paths that users copy along with an address; commands add them themselves."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_EVERYWHERE = frozenset({"0.0.0.0", "::", "localhost", ""})  # noqa: S104


def api_url_of(settings: Settings) -> str:
    """Return the address of the API that is started with these settings."""
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}"


def address_from(typed: str, named: str) -> str:
    """Return the address of an API that was typed after `named`, the name of an option or a variable.

    Raises WrongUsage, with the corrected address, if the address is invalid.
    """
    address = typed.strip()
    found = _ADDRESS.fullmatch(address)
    scheme, host, path = (part or "" for part in found.groups()) if found else ("", "", "")
    if host.endswith(":") or problem_of(f"http://{host}") is not None:
        raise WrongUsage(
            f"{named}{without_password(typed)} is not a web address. Use an address such as"
            f" {named}http://127.0.0.1:8000."
        )
    if scheme.lower() not in ("http", "https") or not address.lower().startswith(f"{scheme.lower()}://"):
        right = scheme.lower() if scheme.lower() in ("http", "https") else "http" if is_near(f"//{host}") else "https"
        raise WrongUsage(
            f"{named}{without_password(typed)} doesn't begin with http:// or https://. Use"
            f" {named}{right}://{host}{path.rstrip('/')}."
        )
    if path.rstrip("/") in _NOT_PART_OF_IT:
        raise WrongUsage(
            f"{named}{without_password(typed)} contains an unnecessary path. Use {named}{scheme}://{host}."
        )
    return address.rstrip("/")


def is_same(one: str, other: str) -> bool:
    """Return whether two addresses are equal, apart from this machine's names, upper case and a trailing slash."""
    return _plain(one) == _plain(other)


def port_here(url: str) -> int | None:
    """Return the port of an address on this machine; None for any other address."""
    parts = urlsplit(_plain(url))
    if parts.hostname is None or parts.hostname not in _LOOPBACK:
        return None
    return parts.port or (443 if parts.scheme == "https" else 80)


def _plain(url: str) -> str:
    return re.sub(r"//(localhost|\[::1\])(?=:|/|$)", "//127.0.0.1", url.strip().rstrip("/").lower())


def temporal_ui_of(settings: Settings) -> str:
    """Return the address of Temporal's Web UI."""
    return settings.temporal_ui_url or f"http://127.0.0.1:{settings.temporal_ui_port}"


def without_password(url: str) -> str:
    """Remove the user and the password from an address."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"
