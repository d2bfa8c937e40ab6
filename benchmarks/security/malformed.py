"""Requests that are malformed in several ways."""

import json
import random

import httpx2

from benchmarks.security.finding import API
from tests.stack import Stack

PIECES = (
    *("'", '"', "\0", "%00", "../../etc/passwd", "{{7*7}}", "${jndi:ldap://x}", "\ud83d", "1e400", "-1", "NaN", "[]"),
    *(
        "{}",
        "null",
        "' OR 1=1 --",
        "x" * 5_000,
        "\u202e",
        "\r\nX: y",
        "<script>",
        "00000000-0000-0000-0000-000000000000",
    ),
)
PATHS = (
    *(
        "/tasks",
        "/tasks/{}",
        "/tasks/{}/events",
        "/tasks/{}/cancel",
        "/tasks/{}/steer",
        "/tasks/{}/budget",
        "/tasks?q={}",
    ),
    *(
        "/tasks?cursor={}",
        "/tasks?limit={}",
        "/agents",
        "/agents/{}",
        "/schedules",
        "/schedules/{}",
        "/schedules/preview",
    ),
    *(
        "/files",
        "/files/{}",
        "/files/{}/content",
        "/ai/embeddings",
        "/ai/images",
        "/ai/calls/{}",
        "/auth/login",
        "/auth/refresh",
    ),
    *("/auth/password", "/agents/models/available", "/ai/providers", "/ai/tokens/count", "/ai/transcriptions", "/{}"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


async def malformed(stack: Stack, chance: random.Random) -> httpx2.Response | None:
    """Send a malformed request and return the answer, or None if the client itself refuses to send it."""
    piece = chance.choice(PIECES)
    path = chance.choice(PATHS).replace("{}", piece)
    bodies: tuple[bytes, ...] = (
        b"",
        b"{",
        json.dumps(piece).encode(),
        json.dumps({piece: piece}).encode(),
        json.dumps({"goal": piece, "plan": piece, "model": piece, "name": piece, "cron": piece}).encode(),
        json.dumps({"email": piece, "password": piece, "refresh_token": piece * 20}).encode(),
        bytes(chance.randrange(256) for _ in range(200)),
        piece.encode("utf-8", "surrogatepass"),
    )
    types = ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "", "x")
    headers = {
        "Content-Type": chance.choice(types),
        chance.choice(("Accept", "Idempotency-Key", "Range", "Prefer")): "x",
    }
    if chance.random() < 0.3:
        headers["Authorization"] = f"Bearer {piece[:50]}".encode("ascii", "ignore").decode().replace("\0", "").strip()
    try:
        request = stack.api.build_request(
            chance.choice(METHODS), f"{API}{path}", content=chance.choice(bodies), headers=headers, timeout=60
        )
        # A stream lasts as long as its task, so only its status and headers are read.
        answer = await stack.api.send(request, stream=True)
        if "event-stream" in answer.headers.get("content-type", ""):
            await answer.aclose()
            return httpx2.Response(answer.status_code, headers=answer.headers, request=request)
        await answer.aread()
    except (ValueError, httpx2.InvalidURL, httpx2.LocalProtocolError):
        return None
    return answer
