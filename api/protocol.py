"""uvicorn's HTTP protocol, with a timeout for everything that a client can delay.

httptools, which parses HTTP here, accepts headers of any size, and copies all earlier pieces with each new piece.
uvicorn waits forever for a request, and for the rest of a request that it has already answered. The alternative parser
h11 limits only the headers, and takes three times as much CPU time for a small request. Therefore, this module enforces
the limits in front of httptools.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address, ip_network

from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.cookies import ours_in
from chimera.security.sign_ins import place_of

HEAD_BYTES = 64 * 1024
"""Maximum size of the request line and all headers together, as for h11. Node accepts 16 KB, nginx 32 KB."""
MAX_HEADERS = 200
HEAD_SECONDS = 15.0
"""Maximum time from the first byte of a request (or, for the first request, from the start of the connection) to the
end of its headers."""
REST_SECONDS = 5.0
"""Maximum time for the rest of a body whose request has already been answered."""
IDLE_SECONDS = 25.0
"""Maximum time between two requests of a connection. Proxies keep connections longer, so uvicorn's own setting applies
to them."""
UNREAD_SECONDS = 60.0
"""Maximum time that a response may wait for a client that doesn't read it."""
ONE_ADDRESS_SHARE = 2
"""One address may use one half of the connections. A listed proxy represents many clients, and may use all."""


class _Refused(Exception):
    """Stops the parser; the response is in `Protocol._refusal`."""


class Protocol(HttpToolsProtocol):
    """One connection. Connections beyond `config.limit_concurrency` are rejected as soon as they are made."""

    _begun = _head_done = _sent_cookies = False
    """Whether the current request has begun, and whether its headers are complete, so that its body follows."""
    _head_bytes = 0
    _size = 0
    _messages = 0
    _refusal = HTTPStatus.BAD_REQUEST
    _waiting: TimerHandle | None = None
    _unread: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # uvicorn's own limit counts requests, and is checked only after the headers have arrived.
        most, self.limit_concurrency = self.limit_concurrency, None
        host = self.client[0] if self.client else ""
        is_proxy = is_listed(host, tuple(self.config.forwarded_allow_ips if self.config.proxy_headers else ()))
        if not is_proxy:
            self.timeout_keep_alive = min(self.timeout_keep_alive, IDLE_SECONDS)  # type: ignore[assignment]
        if most is not None and (len(self.connections) > most or not (is_proxy or self._has_room(host, most))):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self._wait(HEAD_SECONDS, self._on_late_head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._head_bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        before = self._messages
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.transport.get_protocol() is not self:  # now a WebSocket, which has its own limits
            self._stop_waiting()
        elif not self._head_done:
            self._head_bytes = self._head_bytes + len(data) if before == self._messages else 0
            # Blank lines before a request don't begin it, but keep uvicorn waiting.
            is_waited_for = self._begun or (before == self._messages and not self._is_answering())
            if is_waited_for and self._waiting is None:
                self._wait(HEAD_SECONDS, self._on_late_head)

    def on_message_begin(self) -> None:
        self._begun, self._size, self._sent_cookies = True, 0, False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if name.lower() == b"cookie":
            # Only ours, because Python before 3.11.10 parses quoted cookies in quadratic time (CVE-2024-7592).
            self._sent_cookies, value = True, ours_in(value)
            if not value:
                return
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self._head_done, self._head_bytes = True, 0
        self._stop_waiting()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over. That there were cookies matters to `is_own_origin`; their values don't."""
        if self._sent_cookies:
            self.headers[:] = [each for each in self.headers if each[0] != b"cookie"]
            self.headers.append((b"cookie", b"dropped"))
        super().handle_websocket_upgrade()

    def on_message_complete(self) -> None:
        self._begun = self._head_done = False
        self._messages += 1
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._head_done and not self.transport.is_closing():
            self._wait(REST_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal)

    def _has_room(self, host: str, most: int) -> bool:
        share = max(1, most // ONE_ADDRESS_SHARE)
        if len(self.connections) <= share:
            return True
        place = _place(host)
        # Some of these connections are WebSockets, which have another class.
        clients = [getattr(each, "client", None) for each in self.connections]
        return [_place(client[0]) for client in clients if client].count(place) <= share

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > HEAD_BYTES:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _stop(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise _Refused

    def _wait(self, seconds: float, late: Callable[[], None]) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(seconds, late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _on_late_head(self) -> None:
        self._waiting = None
        if self._is_answering():
            self._wait(HEAD_SECONDS, self._on_late_head)
        elif self._begun:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # which is None before the first request
        return cycle is not None and not cycle.response_complete

    def _refuse(self, status: HTTPStatus) -> None:
        """Respond to a request that never reaches the app, and close the connection; cut off a response in progress."""
        self._stop_waiting()
        if not self._is_answering():
            self.transport.write(refusal(status))
        self.transport.close()


_TEXTS = {
    HTTPStatus.BAD_REQUEST: ("not_http", "Invalid HTTP/1.1 request."),
    HTTPStatus.REQUEST_TIMEOUT: (
        "head_too_slow",
        f"The headers took longer than {HEAD_SECONDS:g} s to arrive. Send them faster.",
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "head_too_large",
        (
            f"A request can contain at most {MAX_HEADERS} headers. Its URL and headers together can be at most"
            f" {HEAD_BYTES} bytes long."
        ),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "too_many_connections",
        "Too many connections are open. Close some of them, or retry in 5 s. CHIMERA_MAX_CONNECTIONS sets the limit.",
    ),
}


def refusal(status: HTTPStatus) -> bytes:
    """Return a problem document as a raw HTTP response, with the security headers of every other response."""
    code, detail = _TEXTS[status]
    content = to_json(
        {
            "type": f"/docs/errors#{code}",
            "title": status.phrase,
            "status": status,
            "detail": detail,
            "code": code,
        }
    )
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(content)}",
        "cache-control: no-store",
        "content-security-policy: default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        *(["retry-after: 5"] if status is HTTPStatus.SERVICE_UNAVAILABLE else []),
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


@lru_cache(maxsize=4096)
def _place(host: str) -> str:
    return place_of(host)


@lru_cache(maxsize=4096)
def is_listed(host: str, networks: tuple[str, ...]) -> bool:
    """Return whether `host` is the address of a listed proxy."""
    try:
        ip = ip_address(host)
    except ValueError:
        return False
    return any(ip in ip_network(each) for each in networks)
