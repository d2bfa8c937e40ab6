"""Check before a start that its ports are free, and find the processes that hold them."""

import errno
import socket
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from chimera.config.settings import Settings
from chimera.config.types import HIGHEST_PORT
from chimera.local import model_server
from chimera.local.errors import HostUnusable, PortsTaken, TakenPort
from chimera.local.processes import data_dir_of

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Port:
    title: str
    host: str
    number: int
    setting: str


def ports_of(settings: Settings, *, services: bool = True) -> list[Port]:
    """Return the ports that a start with these settings listens on; without `services`, only Temporal's."""
    needed = []
    if services:
        needed.append(Port("the API", settings.host, settings.api_port, "CHIMERA_API_PORT"))
    if settings.temporal_address is None:
        needed += [
            Port("Temporal", LOOPBACK, settings.temporal_port, "CHIMERA_TEMPORAL_PORT"),
            Port("Temporal's Web UI", LOOPBACK, settings.temporal_ui_port, "CHIMERA_TEMPORAL_UI_PORT"),
        ]
    if services and model_server.is_wanted(settings):
        needed.append(Port("the local model", LOOPBACK, settings.local_model_port, "CHIMERA_LOCAL_MODEL_PORT"))
    if services and settings.address_of("simulator") is None:
        needed.append(Port("the simulator", LOOPBACK, settings.simulator_port, "CHIMERA_SIMULATOR_PORT"))
    return needed


def check(ports: list[Port]) -> None:
    """Raise PortsTaken with every port that can't be listened on, or HostUnusable."""
    taken = find_taken(ports)
    if taken:
        raise PortsTaken(taken)


def find_taken(ports: list[Port]) -> list[TakenPort]:
    """Return the ports that can't be listened on, each with a free port that Chimera uses for nothing else.

    Raises HostUnusable if a host isn't one of this machine's addresses.
    """
    seen: dict[int, Port] = {}
    spoken_for = {port.number for port in ports} | _defaults()
    taken = []
    for port in ports:
        if (other := seen.setdefault(port.number, port)) is not port:
            holder: str | None = f"{other.title} ({other.setting})"
        elif is_free(port.host, port.number):
            continue
        else:
            holder = _described(holder_of(port.number))
        instead = next(_free_from(port, spoken_for), None)
        if instead is not None:
            spoken_for.add(instead)
        taken.append(TakenPort(port.title, port.host, port.number, port.setting, holder, instead))
    return taken


def is_free(host: str, number: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            # The servers set this, too. With it, lingering closed connections don't make a port unavailable.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, getattr(errno, "WSAEADDRINUSE", None)):
                return False
            raise HostUnusable(host, error.strerror or type(error).__name__) from error
    return True


def holder_of(number: int) -> psutil.Process | None:
    """Find the process that listens on a port; the system may hide other users' processes."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.pid is not None
            if listens and connection.laddr and connection.laddr[1] == number:
                return psutil.Process(connection.pid)
    except (psutil.Error, OSError):
        pass
    return None


def data_dir_behind(number: int) -> Path | None:
    """Return the data folder of the Chimera instance that listens on a port, or None if it can't be determined."""
    process = holder_of(number)
    return data_dir_of(process) if process is not None else None


def _described(process: psutil.Process | None) -> str | None:
    if process is None:
        return None
    try:
        name = process.name()
    except psutil.Error:
        return None
    data_dir = data_dir_of(process)
    return f"process {process.pid} ({f'Chimera with the data folder {data_dir}' if data_dir else name})"


def _free_from(port: Port, spoken_for: Collection[int]) -> Iterator[int]:
    above = range(port.number + 1, HIGHEST_PORT + 1)
    below = range(port.number - 1, 1023, -1)
    for candidates in (above, below):
        yield from (number for number in candidates if number not in spoken_for and is_free(port.host, number))


def _defaults() -> set[int]:
    return {field.default for name, field in Settings.model_fields.items() if name.endswith("_port")}
