"""The console: its page at every address that isn't the API's, for browsers, and its files below `/console/`."""

import asyncio
from html import escape
from pathlib import Path
from secrets import token_urlsafe

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.routing import Match, Route
from starlette.types import Scope

from api.console_files import Build, BuiltConsole, Console, ConsoleFile, build_of
from api.deps import parts_of
from api.middleware import CONSOLE_FILES, let_stand
from models.errors import NotFound

API_FOLDERS = frozenset({"api", "v1", "docs", "health", "metrics", "ws", "console"})
"""First parts of addresses that are never a page of the console."""
NONCE = "__NONCE__"
"""The placeholder in the page that the build writes."""
NONCE_BYTES = 16
RELOAD_S = 3
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data: blob:; font-src 'self';"
    " media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'none'"
)
"""The console's content security policy. Emotion adds its style elements with the page's nonce."""
_START = (Path(__file__).parents[1] / "pages" / "home.html").read_text("utf-8")
_STATES = {
    Build.RUNNING: "The console is being built. This page opens it as soon as it's ready. The API is already usable.",
    Build.FAILED: "The console couldn't be built. The end of <code>api/console.log</code> says why. To try again, start"
    " Chimera again, or run <code>make console</code> in its folder.",
    Build.NONE: "The console isn't built. With Node.js 20.19 or newer on the PATH, run"
    " <code>make console</code> in Chimera's folder, or <code>npm ci &amp;&amp; npm run bundle</code> in its folder"
    " <code>frontend</code>. Then reload this page. A restart isn't needed.",
}
_ONLY_HERE = ("127.0.0.1", "::1", "localhost")

built = BuiltConsole()


async def page(request: Request) -> Response:
    """Return the console's page, which shows what its address names, or a start page as long as it isn't built."""
    console = await asyncio.to_thread(built.read)
    return _start_page(request) if console is None else _console_page(request, console)


async def file(request: Request) -> Response:
    name: str = request.path_params["name"]
    found = await _found(name)
    if found is None:
        raise NotFound("file of the console", name[:60])
    let_stand(request.scope, "cache-control")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if found.is_hashed else "no-cache",
        "ETag": found.tag,
        "Vary": "Accept-Encoding",
    }
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = found.content
    if found.packed is not None and _takes_gzip(request.headers):
        content, headers["Content-Encoding"] = found.packed, "gzip"
    return Response(content, media_type=found.media_type, headers=headers)


async def _found(name: str) -> ConsoleFile | None:
    for console in (built.last_read, await asyncio.to_thread(built.read)):
        if console is not None and name in console.files:
            return console.files[name]
    return None


class Page(Route):
    """Matches only what a browser asks for when it opens a page. Programs still receive JSON, also with a 404."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or not is_page(scope["path"]):
            return Match.NONE, {}
        if "text/html" not in Headers(scope=scope).get("accept", ""):
            return Match.NONE, {}
        return super().matches(scope)


def is_page(path: str) -> bool:
    """Tell whether an address may be a page of the console; whether there is one, the console knows."""
    return "." not in path and path.startswith("/") and path.split("/", 2)[1] not in API_FOLDERS


ROUTES = (
    Page("/{page:path}", page, include_in_schema=False),
    Route(f"{CONSOLE_FILES}{{name:path}}", file, include_in_schema=False),
)


def _console_page(request: Request, console: Console) -> Response:
    nonce = token_urlsafe(NONCE_BYTES)
    return _html(request, console.page.replace(NONCE, nonce), POLICY.format(nonce=f" 'nonce-{nonce}'"))


def _start_page(request: Request) -> Response:
    settings, temporal, build = parts_of(request).settings, parts_of(request).temporal, build_of(built.folder)
    # Only if no other machine has access, because other callers don't need to know the Web UI's address.
    link = escape(temporal.web_ui, quote=True) if settings.host in _ONLY_HERE else ""
    item = f'<li><a href="{link}">Temporal\'s Web UI</a>, with the history of each run</li>' if link else ""
    text = _START.replace("<!-- temporal -->", item).replace("<!-- console -->", _STATES[build])
    response = _html(request, text, POLICY.format(nonce=""))
    if build is Build.RUNNING:
        response.headers["Refresh"] = str(RELOAD_S)
    return response


def _html(request: Request, text: str, policy: str) -> Response:
    let_stand(request.scope, "content-security-policy")
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": policy})


def _takes_gzip(headers: Headers) -> bool:
    for each in headers.get("accept-encoding", "").lower().split(","):
        name, _, quality = each.replace(" ", "").partition(";")
        if name == "gzip":
            return quality not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
