"""Network addresses, and which of them are near: those bypass the proxy, which would resolve them elsewhere."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

_NEAR_NAMES = (
    *(".localhost", ".local", ".internal", ".lan", ".home.arpa"),
    # Other names that private networks use anyway (RFC 6762, appendix G), and older systems for this machine.
    *(".home", ".corp", ".private", ".intranet", ".localdomain"),
)
"""Names that only private networks assign (RFC 6761, 6762, 8375; ICANN reserves `internal` for this)."""


def is_near(url: str) -> bool:
    """Return whether an address is this machine's, or in a private network, like that of a neighbouring container."""
    host = _host_of(url)
    try:
        # Includes addresses that are neither private nor public, such as those that VPNs assign (RFC 6598).
        return not ip_address(_in_full(host)).is_global
    except ValueError:
        # A name without a dot is a container's name, or a local name of the network.
        return bool(host) and ("." not in host or host.endswith(_NEAR_NAMES))


def problem_of(url: str) -> str | None:
    """Return why requests can't be sent to an address; None if they can."""
    if not url.lower().startswith(("http://", "https://")):
        return "doesn't begin with http:// or https://"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "contains an invalid port (valid ports are 1 to 65535) or an unclosed bracket"
    if port == 0:
        return "has port 0"
    if not host or not host.isprintable() or " " in host:
        return "doesn't contain a host, or contains a host with invalid characters"
    return None


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _in_full(host: str) -> str:
    """Write out other forms that every system's resolver accepts as IPv4 addresses: `127.1`, `2130706433`, `0x7f.1`."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return host
