"""Middleware for every request: an ID, a log line, headers, limits and a last error handler."""

import asyncio
import re
import socket
import time
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from secure import (
    CacheControl,
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    XContentTypeOptions,
    XFrameOptions,
)
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.cookies import access_token
from api.errors import Refused, answer, translated, unexpected
from api.openai_errors import OpenAIErrors
from api.request_ids import id_of, request_id
from chimera.config.settings import Settings
from chimera.limits.rates import WINDOW_S, RateKind, Rates, Standing
from chimera.security.sign_ins import place_of
from chimera.store.audit import Origin, origin
from chimera.temporal.client import web_ui_of
from models.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ChimeraError,
    FileTooLarge,
    InvalidInput,
    TooManyRequests,
    WrongHost,
)
from models.openai.errors import is_openai

log = structlog.get_logger()

QUIET_PATHS = frozenset({"/health", "/health/live", "/health/ready"})
PAGES = ("/docs", "/docs/errors")
CONSOLE_FILES = "/console/"
"""Below this address are the console's files, which a browser loads by the dozen."""
UPLOADS = ("/api/v1/files", "/api/v1/ai/transcriptions")
"""The only paths that accept a body as large as a file."""
CONVERSATIONS = ("/v1/chat/completions", "/v1/responses")
"""The paths whose bodies contain whole conversations, including their images."""
CONVERSATION_SIZE = 8
"""How many times as large as other bodies those may be: an image of 3.75 MB is 5 MB as base64."""
FORM_BYTES = 256 * 1024
"""Maximum size of a form apart from its file."""
AUTH_PATH = "/api/v1/auth/"
CODEC_PATH = "/api/v1/codec/"
_BEHIND_CODEC = re.compile(r"(?<=codec)\W.*", re.IGNORECASE | re.DOTALL)
"""The secret in a codec address, even if a second slash or a capital letter keeps the address from its route."""
_USUAL_PORTS = {"http": ":80", "https": ":443"}
_LOOPBACK = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
AUTH_BYTES = 16 * 1024
"""Maximum body of a request below `AUTH_PATH`, most of which are unauthenticated. The longest password and
name take up 2 KB in UTF-8."""
BODY_S = 30.0
"""Maximum time until a body is complete. Until then, it holds a connection, and uvicorn would wait forever."""
UPLOAD_SILENCE_S = 60.0
"""Maximum pause of an upload, which also holds a temporary file."""
UPLOAD_S, UPLOAD_BYTES_S = 120.0, 16 * 1024
"""Maximum duration of an upload, and the minimum rate beyond that: a byte per minute is not an upload."""
CLIENT_CHARS = 200
"""How much of a User-Agent header is kept with a session."""
CONTENT_TYPE_CHARS = 1000
"""FastAPI parses the header with the standard library, which takes a tenth of a second for 60,000 semicolons."""
_PORT = re.compile(r":\d{1,5}$")
_CONTENT_PATH = re.compile(r"/api/v1/files/[^/]+/content")


def stack(settings: Settings) -> list[Middleware]:
    """Return the API's middleware, outermost first."""
    return [
        Middleware(RequestLog),
        Middleware(SecurityHeaders),
        Middleware(OpenAIErrors),
        Middleware(OwnHosts, names=(socket.gethostname(), settings.host, *settings.allowed_hosts)),
        Middleware(OtherOrigins, pages=settings.cors_origins, web_ui=origins_of(web_ui_of(settings))),
        Middleware(LastResort),
        Middleware(RequestRates),
        Middleware(
            BodyLimit,
            limit_bytes=settings.max_body_bytes,
            file_bytes=settings.max_file_bytes,
        ),
    ]


class RequestLog:
    """Assigns each request an ID for all its log lines, and logs how the request ended. Query strings aren't logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        own_id = id_of(scope)
        request_id.set(own_id)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=own_id)
        origin.set(_origin_of(scope, own_id))
        status, began = 0, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", own_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if scope["type"] == "http" and scope["path"] not in QUIET_PATHS:
                took_ms = round((time.perf_counter() - began) * 1000, 1)
                log.info(
                    "request_answered", method=scope["method"], path=_logged(scope), status=status, took_ms=took_ms
                )
            elif scope["type"] == "websocket":
                log.info("socket_ended", path=_logged(scope), took_s=round(time.perf_counter() - began, 1))


def _origin_of(scope: Scope, own_id: str) -> Origin:
    address = scope["client"][0] if scope.get("client") else None
    client = Headers(scope=scope).get("user-agent", "")
    # Only printable characters, because administrators and users see it later.
    return Origin(address, own_id, "".join(filter(str.isprintable, client[:CLIENT_CHARS])))


def _logged(scope: Scope) -> str:
    path: str = scope["path"]
    return _BEHIND_CODEC.sub("/[redacted]", path)[:200]


class SecurityHeaders:
    """Adds headers for a JSON API. HSTS is missing on purpose: TLS ends at the proxy in front, which sets it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # Built once, whereas the package's own middleware builds them for each response.
        self._api, self._pages, self._content = map(_headers, (_API_CSP, _PAGES_CSP, _CONTENT_CSP))
        self._names = {name.lower() for name, _ in self._api}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ours = self._for(scope["path"])
        state: dict[str, object] = scope.setdefault("state", {})

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                standing = {state.get(_STANDING)} & {name.lower() for name, _ in message["headers"]}
                theirs = [each for each in message["headers"] if each[0].lower() not in self._names - standing]
                message["headers"] = [*theirs, *(each for each in ours if each[0].lower() not in standing)]
            await send(message)

        await self._app(scope, receive, adding)

    def _for(self, path: str) -> "_RawHeaders":
        if path in PAGES:
            return self._pages
        return self._content if _CONTENT_PATH.fullmatch(path) else self._api


_STANDING = "standing_header"


def let_stand(scope: Scope, name: str) -> None:
    """Let a response set one of the security headers itself, such as the policy of a page with a nonce."""
    scope["state"][_STANDING] = name.encode()


class OwnHosts:
    """Accepts only our own host names: a foreign name that resolves here would bypass the same-origin policy.

    IP addresses are always accepted, because a foreign page's host name can't be one (DNS rebinding). Health probes are
    answered whatever their Host header is, and even without one, as HAProxy sends them (HTTP/1.0). Without a token, the
    response to a probe is a single word.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        hosts, is_http = Headers(scope=scope).getlist("host"), scope["type"] == "http"
        if self._is_ours(hosts) or (is_http and scope["path"] in QUIET_PATHS):
            await self._app(scope, receive, send)
        elif is_http:
            await answer(WrongHost(hosts))(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _is_ours(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        name = _PORT.sub("", hosts[0]).lower()
        return name in self._names or name == "localhost" or name.endswith(".localhost") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


class OtherOrigins:
    """CORS: lets the listed pages read responses, except those of the codec, which only Temporal's Web UI can read."""

    def __init__(self, app: ASGIApp, pages: Sequence[str], web_ui: Sequence[str]) -> None:
        self._all = CORSMiddleware(
            app,
            allow_origins=pages,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "Last-Event-ID",
                "Prefer",
                "X-Api-Key",
                "X-Request-ID",
            ],
            expose_headers=[
                "ETag",
                "Idempotent-Replayed",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "X-Request-ID",
            ],
        )
        self._codec = CORSMiddleware(
            app,
            allow_origins=web_ui,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type", "X-Namespace"],
        )
        # OpenAI's client for browsers sends a dozen headers of its own.
        self._openai = CORSMiddleware(
            app,
            allow_origins=pages,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["Idempotent-Replayed", "Location", "Retry-After", "X-Chimera-Run-ID", "X-Request-ID"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._for(scope)(scope, receive, send)

    def _for(self, scope: Scope) -> CORSMiddleware:
        if scope["type"] != "http":
            return self._all
        if scope["path"].startswith(CODEC_PATH):
            return self._codec
        return self._openai if is_openai(scope["path"]) else self._all


def origins_of(address: str) -> list[str]:
    """Return the origins that a browser may send for a page at this address: two on loopback, which has two names."""
    parts = urlsplit(address.lower())
    origin = f"{parts.scheme}://{parts.netloc}".removesuffix(_USUAL_PORTS.get(parts.scheme, ""))
    other = _LOOPBACK.get(parts.hostname or "")
    return [origin] if other is None else [origin, origin.replace(parts.hostname or "", other, 1)]


class LastResort:
    """Handles unexpected errors. It runs inside the other middleware, so that its response has their headers too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 the last resort
            known = translated(error)
            response = answer(known) if known else unexpected(error)
            if not started:
                await response(scope, receive, send)


SIGNED = frozenset({b"authorization", b"x-api-key"})
"""Headers with a token or key."""


class RequestRates:
    """Counts requests without a token by their address, and adds headers about the limit that a request counted toward.

    `deps` counts all other requests, because only it knows whose they are, and which are public.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS or scope["path"].startswith(CONSOLE_FILES):
            await self._app(scope, receive, send)
            return
        state: dict[str, object] = scope.setdefault("state", {})

        async def adding(message: Message) -> None:
            standing = state.get("rate") if message["type"] == "http.response.start" else None
            if isinstance(standing, Standing):
                message["headers"] = [*message["headers"], *_rate_headers(standing)]
            await send(message)

        if not _has_credential(scope):
            rates: Rates = scope["app"].state.parts.rates
            try:
                state["rate"] = await rates.take(RateKind.ADDRESS, place_of((scope.get("client") or ("",))[0]))
            except TooManyRequests as error:
                await answer(error)(scope, receive, send)
                return
        await self._app(scope, receive, adding)


def _has_credential(scope: Scope) -> bool:
    return any(name in SIGNED for name, _ in scope["headers"]) or access_token(HTTPConnection(scope)) is not None


def _rate_headers(standing: Standing) -> "_RawHeaders":
    """Return the headers of the IETF draft `ratelimit-headers-10`."""
    policy = f'"{standing.kind}";q={standing.limit};w={WINDOW_S:.0f}'
    left = f'"{standing.kind}";r={standing.left};t={standing.reset_s:.0f}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


class BodyLimit:
    """Rejects bodies above the limit, before they are read or as soon as they exceed it, and bodies that stall.

    FastAPI's `max_body_size` also limits the size, but responds in plain text, outside of all other middleware.
    """

    def __init__(self, app: ASGIApp, limit_bytes: int, file_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._file_bytes = file_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(Headers(scope=scope).get("content-type", "")) > CONTENT_TYPE_CHARS:
            too_long = InvalidInput(
                "Content-Type",
                f"The Content-Type header is longer than {CONTENT_TYPE_CHARS} characters. Send a valid media type.",
            )
            await answer(too_long)(scope, receive, send)
            return
        limit_bytes, refusal = self._limit_of(scope["path"])
        if _content_length(scope) > limit_bytes:
            await answer(refusal)(scope, receive, send)
            return
        received, is_whole = 0, False
        is_upload, began = scope["path"] in UPLOADS, asyncio.get_running_loop().time()

        async def counting() -> Message:
            nonlocal received, is_whole
            # After the whole body, only the client's disconnect is awaited, for as long as the response takes.
            message = await (receive() if is_whole else _soon(receive, began, received, is_upload=is_upload))
            received += len(message.get("body", b""))
            is_whole = is_whole or not message.get("more_body", False)
            if received > limit_bytes:
                raise Refused(refusal)
            return message

        await self._app(scope, counting, send)

    def _limit_of(self, path: str) -> tuple[int, ChimeraError]:
        if path in UPLOADS:
            return self._file_bytes + FORM_BYTES, FileTooLarge(self._file_bytes)
        if path in CONVERSATIONS:
            return CONVERSATION_SIZE * self._limit_bytes, BodyTooLarge(CONVERSATION_SIZE * self._limit_bytes)
        limit_bytes = min(AUTH_BYTES, self._limit_bytes) if path.startswith(AUTH_PATH) else self._limit_bytes
        return limit_bytes, BodyTooLarge(limit_bytes)


async def _soon(receive: Receive, began: float, received: int, *, is_upload: bool) -> Message:
    """Wait for the next piece of a body. Raises Refused if this piece or the whole body takes too long."""
    now = asyncio.get_running_loop().time()
    left_s = began + (UPLOAD_S + received / UPLOAD_BYTES_S if is_upload else BODY_S) - now
    wait_s = min(left_s, UPLOAD_SILENCE_S) if is_upload else left_s
    try:
        async with asyncio.timeout(wait_s):
            return await receive()
    except TimeoutError:
        raise Refused(BodyTooSlow(UPLOAD_SILENCE_S if is_upload else BODY_S)) from None


def _content_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0


_RawHeaders = list[tuple[bytes, bytes]]


def _headers(csp: ContentSecurityPolicy) -> _RawHeaders:
    secure = Secure(
        cache=CacheControl().no_store(),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        csp=csp,
        permissions=PermissionsPolicy().camera().microphone().geolocation(),
        referrer=ReferrerPolicy().no_referrer(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in secure.headers.items()]


_API_CSP = (
    ContentSecurityPolicy()
    .default_src("'none'")
    .object_src("'none'")
    .base_uri("'none'")
    .frame_ancestors("'none'")
    .form_action("'none'")
)

# For uploaded files, in case a browser opens one despite `attachment`: no scripts, no origin.
_CONTENT_CSP = (
    ContentSecurityPolicy()
    .default_src("'none'")
    .object_src("'none'")
    .base_uri("'none'")
    .frame_ancestors("'none'")
    .form_action("'none'")
    .sandbox()
)

# Our own pages: scripts, styles and requests only from and to this server.
_PAGES_CSP = (
    ContentSecurityPolicy()
    .default_src("'none'")
    .script_src("'self'")
    .style_src("'self'")
    .img_src("'self'", "data:")
    .connect_src("'self'")
    .object_src("'none'")
    .base_uri("'none'")
    .frame_ancestors("'none'")
    .form_action("'none'")
)
