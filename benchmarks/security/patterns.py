"""S25: texts that cause backtracking in regular expressions, wherever one is applied to a user's input."""

from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import httpx2

from benchmarks.security.finding import API, Finding, Seen, processor_s
from tests.stack import Stack

ALLOWED_MS = 100
SIZE = 60_000
"""The size of a header; the API accepts 64 KiB of headers in total."""
IN_ADDRESS = SIZE // 3
"""The size in an address, where each character may become three."""
EVIL = {
    "letters": "a" * SIZE,
    "spaces and a sign": " " * SIZE + "!",
    "semicolons": "x/y" + ";" * SIZE,
    "parameters": "multipart/form-data" + "; a=b" * (SIZE // 5),
    "quotes": '"' * SIZE,
    "open quotes with escapes": 'x="' + '\\"' * (SIZE // 2),
    "commas": "," * SIZE,
    "ranges": "bytes=" + "0-," * (SIZE // 3),
    "suffixes": "bytes=" + "-1," * (SIZE // 3),
    "tabs and commas": "\t," * (SIZE // 2),
    "slashes": "a/" * (SIZE // 2),
    "brackets": "[[" * (SIZE // 2),
    "directives": "[[sim: a=" * (SIZE // 9),
    "dots": "a." * (SIZE // 2),
    "at signs": "a@" * (SIZE // 2),
    "digits": "9" * SIZE,
    "dashes": "-" * SIZE,
    "stars": "*/" * (SIZE // 2),
    "opened tags": "<a" * (SIZE // 2),
    "combining": "%cc%81" * (SIZE // 6),
}
HEADERS = (
    *("Content-Type", "Range", "Prefer", "Authorization", "Idempotency-Key", "Accept", "Accept-Encoding", "Origin"),
    *(
        "If-None-Match",
        "X-Request-ID",
        "X-Forwarded-For",
        "Content-Disposition",
        "Cookie",
        "Access-Control-Request-Headers",
    ),
)
QUERIES = ("q", "sort", "schedule_id", "cursor", "status", "limit")
BODIES: tuple[tuple[str, str], ...] = (
    ("/tasks", "goal"),
    *(("/tasks", name) for name in ("title", "model", "priority", "metadata")),
    *(("/schedules/preview", name) for name in ("cron", "time_zone", "name")),
    *(("/agents", name) for name in ("name", "role", "description", "prompt", "model")),
    ("/auth/login", "email"),
    ("/auth/register", "email"),
    ("/ai/tokens/count", "model"),
)
REST: dict[str, dict[str, Any]] = {"/tasks": {"goal": "x", "start": False}, "/agents": {"name": "x", "prompt": "x"}}
"""The other fields that a body needs, so that it isn't rejected for lack of them."""


async def evil_texts(stack: Stack) -> Seen:
    """Send each text in a separate request, and measure the API's processor time."""
    seen, worst = Seen(), ("", 0.0)
    for what, request in _requests(stack):
        before = processor_s(stack.services.api)
        try:
            status = (await stack.api.send(request)).status_code
        except httpx2.TransportError:
            # The API rejected the request before all of it was sent.
            status = 431
        used_ms = (processor_s(stack.services.api) - before) * 1000
        worst = max(worst, (what, used_ms), key=lambda each: each[1])
        seen.expect(status < 500, f"{what}: {status}")
        seen.expect(used_ms <= ALLOWED_MS, f"{what}: {used_ms:.0f} ms of processor time")
    seen.figures = {"longest processor time, ms": round(worst[1]), "by": worst[0]}
    return seen


def _requests(stack: Stack) -> Iterator[tuple[str, httpx2.Request]]:
    build = stack.api.build_request
    for (kind, text), header in product(EVIL.items(), HEADERS):
        path, method = (f"{API}/files", "POST") if header.startswith("Content") else (f"{API}/tasks", "GET")
        yield (
            f"{kind} in {header}",
            build(method, path, headers={header: text}, content=b"x" if method == "POST" else None),
        )
    for (kind, text), name in product(EVIL.items(), QUERIES):
        yield f"{kind} in ?{name}", build("GET", f"{API}/tasks", params={name: text[:IN_ADDRESS]})
    for (kind, text), (path, name) in product(EVIL.items(), BODIES):
        yield f"{kind} in {name} of {path}", build("POST", f"{API}{path}", json={**REST.get(path, {}), name: text})
    for kind, text in EVIL.items():
        yield f"{kind} in an address", build("GET", f"{API}/tasks/{quote(text[:IN_ADDRESS], safe='')}")


FINDINGS = (Finding("S25", f"no text of 60 KB uses {ALLOWED_MS} ms of the API's processor time", evil_texts),)
