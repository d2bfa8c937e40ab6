"""See before anything is started whether the ports are free, and say who has one that isn't."""

import errno
import socket
import sys
from dataclasses import dataclass

import psutil

from chimera.local.errors import PortTaken


@dataclass(frozen=True)
class Port:
    title: str
    host: str
    number: int
    setting: str


def check(ports: list[Port]) -> None:
    """Raise PortTaken for the first port that can't be listened on."""
    seen: dict[int, Port] = {}
    for port in ports:
        if (other := seen.setdefault(port.number, port)) is not port:
            raise PortTaken(port.title, port.host, port.number, port.setting, f"{other.title} ({other.setting})")
        if not is_free(port.host, port.number):
            raise PortTaken(port.title, port.host, port.number, port.setting, _holder(port.number))


def is_free(host: str, number: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            # As the servers do: a connection of yesterday that lingers is no reason to refuse.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, getattr(errno, "WSAEADDRINUSE", None)):
                return False
            raise
    return True


def _holder(number: int) -> str | None:
    """Name the process that listens; the system may not tell us about other users' processes."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.pid is not None
            if listens and connection.laddr and connection.laddr[1] == number:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except (psutil.Error, OSError):
        pass
    return None
