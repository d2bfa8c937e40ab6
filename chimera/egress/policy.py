"""The policy of outgoing requests: which hosts, ports and IP addresses they may reach."""

from collections.abc import Sequence

from chimera.config.settings import Settings
from chimera.egress.addresses import Address, address_in, is_internal, is_public
from chimera.egress.errors import EgressRefused
from chimera.egress.own_servers import OwnServers, is_of_loopback
from chimera.egress.urls import Destination, destination_of

OPEN_PORTS = frozenset({80, 443})
"""The ports of public servers that need no entry in the allow-list."""


class EgressPolicy:
    """Decides by the settings `egress_allow` and `egress_trusted`. Listed destinations are compared literally."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = frozenset(map(_place_of, settings.egress_allow))
        self._trusted = settings.egress_trusted
        self._own = OwnServers(settings)

    def checked(self, url: str) -> Destination:
        """Parse a URL and check all that can be checked without resolving its host. Raises EgressRefused."""
        where = destination_of(url)
        self.check(where.host, where.port)
        return where

    def check(self, host: str, port: int) -> None:
        """Raise EgressRefused if a destination isn't allowed, whatever its host resolves to."""
        if (host, port) in self._allowed:
            return
        if self._own.has(host, port) or port not in OPEN_PORTS:
            raise _refused(host, port, f"Port {port} of {host!r} isn't allowed")
        address = address_in(host)
        if address is not None and not is_public(address):
            raise _refused(host, port, f"{host!r} isn't a public address")

    def check_addresses(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        """Raise EgressRefused unless a request to `host` may connect to every one of the addresses it resolved to."""
        self.check(host, port)
        is_listed = (host, port) in self._allowed
        for address in addresses:
            # An entry that names the address is a decision; one whose name merely resolves there may be a mistake.
            if self._own.listens_at(address, port) and not (is_listed and is_of_loopback(host)):
                raise EgressRefused(f"{host!r} leads to a server of this installation. Use another host.")
            if not (is_public(address) or (is_listed and (is_internal(address) or address_in(host) == address))):
                raise _refused(host, port, f"{host!r} isn't a public host")

    def is_allowed_after_untrusted(self, url: str) -> bool:
        """Return whether a run may send data to a URL after it has read untrusted content."""
        try:
            where = destination_of(url)
        except EgressRefused:
            return False
        if (where.host, where.port) in self._allowed:
            return True
        return where.port in OPEN_PORTS and any(_matches(where.host, pattern) for pattern in self._trusted)


def _place_of(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    try:
        # The same form in which hosts of URLs are compared.
        host = destination_of(f"http://{entry}").host
    except EgressRefused:
        host = host.strip("[]").lower()
    return host, int(port)


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _refused(host: str, port: int, problem: str) -> EgressRefused:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return EgressRefused(
        f"{problem}. Use a public web address; an administrator can add {place} to CHIMERA_EGRESS_ALLOW to permit it."
    )
