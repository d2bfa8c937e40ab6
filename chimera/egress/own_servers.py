"""Chimera's own servers, which no model and no user may reach, even if they are close to an entry of the allow-list."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from chimera.config.settings import Settings
from chimera.egress.addresses import Address, address_in, is_of_this_machine

LOCAL_NAMES = frozenset({"localhost", "ip6-localhost", "localhost.localdomain"})
_PORTS = {"postgresql": 5432, "redis": 6379, "http": 80, "https": 443}


class OwnServers:
    """Where the API, PostgreSQL, Redis, Temporal and the other servers of this installation listen."""

    def __init__(self, settings: Settings) -> None:
        self._places = frozenset(_places_of(settings))
        ports = {port for host, port in self._places if _is_local(host)}
        self._local_ports = ports | {
            settings.api_port,
            settings.temporal_port,
            settings.temporal_ui_port,
            settings.simulator_port,
            settings.local_model_port,
        }

    def has(self, host: str, port: int) -> bool:
        """Return whether one of the servers is configured with this host and port."""
        return (host, port) in self._places

    def listens_at(self, address: Address, port: int) -> bool:
        """Return whether one of the servers may listen at an IP address and port of this machine."""
        return port in self._local_ports and is_of_this_machine(address)


def is_of_loopback(host: str) -> bool:
    """Return whether a host is written as an IP address or as a name for this machine."""
    return host in LOCAL_NAMES or address_in(host) is not None


def _is_local(host: str) -> bool:
    address = address_in(host)
    return host in LOCAL_NAMES if address is None else is_of_this_machine(address)


def _places_of(settings: Settings) -> Iterator[tuple[str, int]]:
    for url in (settings.database_url, settings.redis_url, settings.temporal_ui_url):
        yield from _places_in(url or "")
    host, _, port = (settings.temporal_address or "").rpartition(":")
    if host:
        yield host.strip("[]").lower(), int(port)


def _places_in(url: str) -> Iterator[tuple[str, int]]:
    """Yield the hosts and ports of a URL. PostgreSQL's URLs can contain several, and also name them as parameters."""
    parts = urlsplit(url)
    kind = {"postgres": "postgresql", "postgresql+psycopg": "postgresql", "rediss": "redis"}
    default = _PORTS.get(kind.get(parts.scheme, parts.scheme), 0)
    parameters = parse_qs(parts.query)
    named = ",".join(parameters.get("host", []) + parameters.get("hostaddr", []))
    port = (parameters.get("port") or [str(default)])[0].partition(",")[0]
    for place in (*parts.netloc.rpartition("@")[2].split(","), *named.split(",")):
        host, _, given = place.rpartition(":") if not place.endswith("]") and ":" in place else (place, "", port)
        if host and not host.startswith("/"):
            yield host.strip("[]").lower(), int(given) if given.isdecimal() else default
