"""The transport of outgoing requests: it checks each URL, and connects only to addresses that were checked.

A check that resolves a name, and a client that resolves it again, can get two different answers (DNS rebinding). Here
the name is resolved where the connection is opened, every answer is checked, and the connection goes to one of these
addresses. TLS still verifies the server's certificate for the name.
"""

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpcore2
import httpx2

from chimera.egress.bodies import LimitedStream, NotDecodable, encoding_of
from chimera.egress.policy import EgressPolicy
from chimera.egress.resolving import Resolver, addresses_of, system_resolver

MAX_CONNECTIONS = 100

_TRIED_ADDRESSES = 4
_CONNECT_S = 5.0
"""Per address, so that one that doesn't answer leaves time for the next."""


@dataclass(slots=True)
class Ways:
    """How names become addresses, addresses become connections, and certificates are verified."""

    resolve: Resolver = system_resolver
    network: httpcore2.AsyncNetworkBackend = field(default_factory=httpcore2.AnyIOBackend)
    context: ssl.SSLContext | None = None

    def certificates(self) -> ssl.SSLContext:
        """Return the TLS context. The default has the certificate authorities of the system or the environment."""
        if self.context is None:
            # Takes a while, so it is done only once, and not before the first request.
            self.context = httpx2.create_ssl_context(trust_env=True)
        return self.context


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """Sends requests over connections that the policy allows.

    Raises EgressRefused and UnknownHost besides httpx2's errors. It uses no proxy, because a proxy would resolve the
    name again.
    """

    def __init__(self, policy: EgressPolicy, ways: Ways, *, keep_alive: bool) -> None:
        context = ways.certificates()
        super().__init__(verify=context, trust_env=False)
        self._policy = policy
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS if keep_alive else 0,
            keepalive_expiry=15.0 if keep_alive else 0.0,
            network_backend=_CheckedNetwork(policy, ways),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = self._policy.checked(str(request.url)).url
        return await super().handle_async_request(request)


class LimitedTransport(CheckedTransport):
    """A checked transport for a client of another library: bodies are limited, and compressed ones are refused."""

    def __init__(self, policy: EgressPolicy, ways: Ways, *, max_bytes: int) -> None:
        super().__init__(policy, ways, keep_alive=True)
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        host = request.url.host
        if encoding := encoding_of(response):
            await response.aclose()
            raise NotDecodable(host, encoding, response.status_code)
        response.stream = LimitedStream(response, host, self._max_bytes)
        return response


class _CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections for the pool: the only place where a host name becomes an address."""

    def __init__(self, policy: EgressPolicy, ways: Ways) -> None:
        self._policy, self._resolve, self._network = policy, ways.resolve, ways.network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self._policy.check(host, port)
        addresses = await addresses_of(host, port, self._resolve, timeout)
        self._policy.check_addresses(host, port, addresses)
        limit_s = min(timeout or _CONNECT_S, _CONNECT_S)
        for address in addresses[: _TRIED_ADDRESSES - 1]:
            try:
                return await self._network.connect_tcp(str(address), port, limit_s, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        return await self._network.connect_tcp(str(addresses[-1]), port, limit_s, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("Requests to other servers don't use Unix sockets.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
