"""Host names, resolved once per connection, with a time limit."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from chimera.egress.addresses import Address, address_in
from chimera.egress.errors import EgressFailed, UnknownHost

Resolver: TypeAlias = Callable[[str, int], Coroutine[Any, Any, Sequence[str]]]
"""Returns the IP addresses of a host as text. Raises OSError, for example `socket.gaierror`."""

RESOLVE_S = 10.0
_THREADS = 16

# Not the event loop's own threads: names whose servers don't answer would keep these from all other work.
_executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system, which also knows the names of containers and of /etc/hosts."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_executor, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def addresses_of(host: str, port: int, resolve: Resolver, limit_s: float | None = None) -> Sequence[Address]:
    """Return all IP addresses of a host, at least one.

    Raises UnknownHost, or EgressFailed if there is no answer within `limit_s` or RESOLVE_S, whichever is shorter.
    """
    literal = address_in(host)
    if literal is not None:
        return [literal]
    try:
        async with asyncio.timeout(RESOLVE_S if limit_s is None else min(limit_s, RESOLVE_S)):
            texts = await resolve(host, port)
    except TimeoutError:
        raise EgressFailed(f"The name {host!r} couldn't be resolved in time. Try again, or use another host.") from None
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise EgressFailed(f"The name {host!r} can't be resolved at the moment. Try again later.") from None
        raise UnknownHost(host) from None
    except (OSError, UnicodeError):
        raise UnknownHost(host) from None
    addresses = [address_in(text) for text in texts]
    known = [address for address in addresses if address is not None]
    # An address that can't be checked (with a zone, or no address at all) counts as one that is refused.
    if not known or len(known) < len(addresses):
        raise UnknownHost(host)
    return known
