"""Free ports for servers that run beside others, outside the range of outgoing connections."""

import random
import socket
import sys
from pathlib import Path

FIRST = 10_000
EPHEMERAL = 32_768
"""The default start of the range from which Linux takes ports for outgoing connections."""


def free_port() -> int:
    """Return a port without a listener.

    The system doesn't pick the port, because it may give the same one to its next outgoing connection, or to the next
    process that asks for any port, before it is listened on (Temporal's development server then ends with a panic).
    """
    numbers = range(FIRST, _first_ephemeral())
    # Use the system's randomness: processes with the same seed must not choose the same ports.
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
    # If the range covers nearly all ports, there is nothing to avoid.
    return first if first > FIRST + 1000 else EPHEMERAL
