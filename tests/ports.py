"""Ports for servers that run beside others: free ones outside the range of outgoing connections."""

import random
import socket
import sys
from pathlib import Path

FIRST = 10_000
EPHEMERAL = 32_768
"""Where the range begins that Linux takes the ports of outgoing connections from, unless it is set otherwise."""


def free_port() -> int:
    """Return a port without a listener.

    Not one that the system picks: its next outgoing connection, or the next process that asks for any port, may be
    given the same one before it is listened on (Temporal's development server ends with a panic then).
    """
    numbers = range(FIRST, _first_ephemeral())
    # The system's own chance: processes that were seeded alike must not choose alike.
    for number in random.SystemRandom().sample(numbers, len(numbers)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    raise OSError(f"no port from {numbers[0]} to {numbers[-1]} is free")


def _first_ephemeral() -> int:
    if sys.platform != "linux":
        return EPHEMERAL
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    # Where the range takes nearly everything there is nothing to stay clear of.
    return first if first > FIRST + 1000 else EPHEMERAL
