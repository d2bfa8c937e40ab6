"""Which addresses are near: no proxy of the environment is asked for them, since it would look for them elsewhere."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_NEAR_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Names that only a network of one's own gives (RFC 6761, 6762, 8375; ICANN keeps `internal` for that)."""


def is_near(url: str) -> bool:
    """Say whether an address is this machine's or that of a private network, as a container beside ours has."""
    host = _host_of(url)
    try:
        # Also what is neither private nor public, such as the addresses that VPNs give (RFC 6598).
        return not ip_address(host).is_global
    except ValueError:
        # A name without a dot is one of a container or of a network's own names.
        return bool(host) and ("." not in host or host.endswith(_NEAR_NAMES))


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
