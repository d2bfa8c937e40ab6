"""The client for requests to addresses that a model or a user chose."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx2

from chimera.config.settings import Settings
from chimera.egress.bodies import ENCODINGS, read_body
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.egress.headers import checked_headers, kept_headers
from chimera.egress.policy import EgressPolicy
from chimera.egress.redirects import Redirects, Step
from chimera.egress.transport import CheckedTransport, LimitedTransport, Ways

MAX_BYTES: Final = 5 * 1024 * 1024
TIMEOUT_S: Final = 30.0
MAX_REDIRECTS: Final = 3


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """A response that was read completely. `url` is the one that answered, after redirects."""

    status: int
    headers: httpx2.Headers
    url: str
    media_type: str
    """Such as `text/html`, in lower case and without parameters; empty if the server named none."""
    body: bytes
    """Decompressed."""


@dataclass(slots=True)
class _Trip:
    """The progress of one request."""

    was_sent: bool = False
    host: str = field(default="")

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of the moment from which the request may have had an effect: httpx2 reports its steps here."""
        self.was_sent = self.was_sent or event.endswith("send_request_headers.started")


class EgressClient:
    """Sends requests to public servers and to those on the allow-list. Cookies and connections aren't kept.

    `ways` replaces the operating system's resolver, network and certificate authorities.
    """

    def __init__(self, settings: Settings, ways: Ways | None = None) -> None:
        self.policy = EgressPolicy(settings)
        self._ways = ways or Ways()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        accept: Collection[str] = ("*/*",),
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        follow: bool = True,
        leave_host: bool = True,
    ) -> EgressResponse:
        """Send a request and read the response.

        `accept` contains media types such as `text/html` or `text/*`; an error's body of another type is dropped.
        `max_bytes` applies to the decompressed body, and `timeout_s` to everything, including redirects. With `follow`,
        up to three redirects are followed; without `leave_host`, only to the same host and to hosts that are allowed
        after untrusted content. Raises EgressRefused, and EgressFailed if the server can't be reached.
        """
        trip = _Trip()
        step = Step(method.upper(), self.policy.checked(url), checked_headers(headers or {}), body)
        redirects = Redirects(MAX_REDIRECTS, leave_host=leave_host) if follow else None
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(step, trip, accept, max_bytes, timeout_s, redirects)
        except TimeoutError:
            raise EgressFailed(
                f"{trip.host!r} didn't answer completely within {timeout_s:g} s. Try again, or use another URL.",
                was_sent=trip.was_sent,
            ) from None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise EgressFailed(
                f"The request to {trip.host!r} failed ({type(error).__name__}). Try again, or use another URL.",
                was_sent=trip.was_sent,
            ) from None

    def guarded(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> httpx2.AsyncClient:
        """Return a client for a library that needs one, such as the MCP SDK. The caller closes it.

        It makes the same checks of URLs and addresses, and raises EgressRefused and EgressFailed besides httpx2's
        errors. It follows no redirects and keeps no cookies. Responses may last for any time; `max_bytes` applies to a
        body, or to each event of an event stream. The default timeout is 30 s, and 300 s between bytes of a response.
        """
        return httpx2.AsyncClient(
            transport=LimitedTransport(self.policy, self._ways, max_bytes=max_bytes),
            headers=headers,
            timeout=timeout or httpx2.Timeout(TIMEOUT_S, read=300.0),
            auth=auth,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def is_allowed_after_untrusted(self, url: str) -> bool:
        """Return whether a run may send data to a URL after it has read untrusted content.

        The host is on the allow-list, or in the setting `egress_trusted`.
        """
        return self.policy.is_allowed_after_untrusted(url)

    async def _follow(
        self,
        step: Step,
        trip: _Trip,
        accept: Collection[str],
        max_bytes: int,
        timeout_s: float,
        redirects: Redirects | None,
    ) -> EgressResponse:
        async with CheckedTransport(self.policy, self._ways, keep_alive=False) as transport:
            while True:
                trip.host = step.where.host
                response = await transport.handle_async_request(_request_of(step, trip, accept, timeout_s))
                try:
                    following = None if redirects is None else redirects.following(step, response, self.policy)
                    if following is None:
                        return await _read(response, step, accept, max_bytes)
                finally:
                    await response.aclose()
                step = following


def _request_of(step: Step, trip: _Trip, accept: Collection[str], timeout_s: float) -> httpx2.Request:
    headers = {
        "Accept": ", ".join(accept),
        "Accept-Encoding": ENCODINGS,
        "User-Agent": "Chimera",
        **kept_headers(step.headers),
        "Connection": "close",
    }
    extensions = {"timeout": httpx2.Timeout(timeout_s).as_dict(), "trace": trip.trace}
    content = step.body if step.body or step.method not in ("GET", "HEAD") else None
    return httpx2.Request(step.method, step.where.url, headers=headers, content=content, extensions=extensions)


async def _read(response: httpx2.Response, step: Step, accept: Collection[str], max_bytes: int) -> EgressResponse:
    media_type = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    is_accepted = any(fnmatchcase(media_type, pattern) or pattern == "*/*" for pattern in accept)
    if not is_accepted and response.status_code < httpx2.codes.BAD_REQUEST:
        raise EgressRefused(
            f"The response from {step.where.host!r} has the type {media_type[:80]!r}, which can't be used. Use a URL"
            f" with one of these types: {', '.join(accept)}.",
            status=response.status_code,
        )
    body = await read_body(response, step.where.host, max_bytes) if is_accepted else b""
    return EgressResponse(response.status_code, response.headers, str(step.where.url), media_type, body)
