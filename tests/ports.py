"""Free ports for servers that run beside others, outside the range of outgoing connections."""

import os
import random
import socket
import sys
from collections import deque
from pathlib import Path

FIRST = 10_000
EPHEMERAL = 32_768
"""The default start of the range from which Linux takes ports for outgoing connections."""

_given: deque[int] = deque(maxlen=1000)
"""The ports this process gave out last: a server may not listen on them yet, or may be about to start again on them."""


def free_port() -> int:
    """Return a port without a listener that no other call returned a moment ago.

    The system doesn't pick the port, because it may give the same one to its next outgoing connection, or to the next
    process that asks for any port, before it is listened on (Temporal's development server then ends with a panic).
    """
    numbers = _share(range(FIRST, _first_ephemeral()))
    # Use the system's randomness: processes with the same seed must not choose the same ports.
    for number in random.SystemRandom().sample(numbers, len(numbers)):
        if number in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            _given.append(number)
            return number
    raise OSError(f"no port from {numbers[0]} to {numbers[-1]} is free")


def _share(numbers: range) -> range:
    """Return the part of the range that belongs to this one of pytest's parallel processes."""
    worker, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return numbers[int(worker.removeprefix("gw")) :: count]


def _first_ephemeral() -> int:
    if sys.platform != "linux":
        return EPHEMERAL
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    # If the range covers nearly all ports, there is nothing to avoid.
    return first if first > FIRST + 1000 else EPHEMERAL
