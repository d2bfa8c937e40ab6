"""What no page of the console may do: violate its policy, load anything from another server, or fail."""

import re
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Request, Response, WebError, WebSocket
from playwright.async_api import Page as BrowserPage

_REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) =>
  window.reportViolation(`${event.violatedDirective}: ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`));
"""
_STATUS = re.compile("Failed to load resource: the server responded with a status of")
"""Chromium logs every response above 399 as an error, even the 401 that only means that nobody has signed in."""


class Watch:
    """Collects faults in all pages of a browser context."""

    def __init__(self, origin: str) -> None:
        self._host = urlsplit(origin).netloc
        self._tolerated: list[re.Pattern[str]] = [_STATUS]
        self._faults: list[str] = []

    async def start(self, context: BrowserContext) -> None:
        await context.expose_binding("reportViolation", lambda _, text: self._faults.append(f"CSP violation: {text}"))
        await context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("page", self._on_page)

    def tolerate(self, pattern: str) -> None:
        """Don't count faults that the pattern matches, in a test that causes them itself, such as a lost server."""
        self._tolerated.append(re.compile(pattern))

    @property
    def faults(self) -> list[str]:
        return [fault for fault in self._faults if not any(each.search(fault) for each in self._tolerated)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            self._faults.append(f"logged error: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self._faults.append(f"uncaught error: {error.error}")

    def _on_request(self, request: Request) -> None:
        self._check("request", request.url)

    def _on_response(self, response: Response) -> None:
        if urlsplit(response.url).path.startswith("/console/") and not response.ok and response.status != 304:
            self._faults.append(f"missing file: {response.status} for {response.url}")

    def _on_page(self, page: BrowserPage) -> None:
        page.on("websocket", self._on_socket)
        page.on("dialog", self._on_dialog)

    async def _on_dialog(self, dialog: Dialog) -> None:
        self._faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _on_socket(self, socket: WebSocket) -> None:
        self._check("WebSocket", socket.url)

    def _check(self, kind: str, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self._host:
            self._faults.append(f"{kind} to another server: {address[:200]}")
