"""S33, S34: names and types of files."""

import os
from itertools import product
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.security.accounts import signed_in
from benchmarks.security.finding import API, Finding, Seen
from tests.stack import Stack

NAMES = (
    *(
        "../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/etc/passwd",
        "C:\\boot.ini",
        "\\\\server\\share",
        "~/.ssh/id_rsa",
    ),
    *("%2e%2e%2fx", "..%c0%afx", "....//x", "x/../../y", ".", "..", "CON", "nul.txt", "aux.", "x.txt::$DATA"),
    *("\u202egnp.exe", "a\u2066b", "a" * 4096, "x\ty", "-rf", "$(id)", "`id`", "x;id", "x|id", ".htaccess", "\ufeff"),
    *(
        "x\u2028y",
        "é",
        "e\u0301",
        "\U0001f4a9",
        "x.php%00.png",
        "x\x7f",
        "a\\",
        "a b.txt",
        "=1+1",
        "'; DROP TABLE files",
    ),
)
BODIES: dict[str, bytes] = {
    "page": b"<!doctype html><script>alert(1)</script>",
    "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "polyglot": b"GIF89a/*<script>alert(1)</script>*/=0;",
    "PDF with a script": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "archive": b"PK\x03\x04" + b"\0" * 60,
    "program": b"\x7fELF" + b"\0" * 60,
    "text": b"only text",
}
ACTIVE = ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml", "text/javascript")
"""Types that a browser runs scripts in."""


async def names(stack: Stack) -> Seen:
    """Upload a file under each name. Files are in PostgreSQL: nothing may appear in a folder, and names are data."""
    seen, before = Seen(), _files_in(stack.settings.data_dir)
    async with signed_in(stack) as client:
        for name in NAMES:
            answer = await _upload(client, name, b"canary", "text/plain")
            seen.expect(answer.status_code in (201, 422), f"{name[:40]!r}: {answer.status_code}")
            if answer.status_code != 201:
                continue
            view = answer.json()
            seen.expect(name[:40] not in view["id"], f"{name[:40]!r} is in the ID")
            content = await client.get(f"{API}/files/{view['id']}/content")
            shown = content.headers["content-disposition"]
            seen.expect(shown.startswith("attachment; filename*=UTF-8''") and "/" not in shown[12:], f"{shown[:80]!r}")
            seen.expect(content.content == b"canary", f"{name[:40]!r} came back as {content.content[:20]!r}")
    new = {path for path in _files_in(stack.settings.data_dir) - before if "canary" in Path(path).name}
    seen.expect(not new, f"files appeared: {sorted(new)[:3]}")
    return seen


async def types(stack: Stack) -> Seen:
    """Upload each body under each type, and JSON and other forms where a form with a file is expected."""
    seen = Seen()
    async with signed_in(stack) as client:
        claimed = ("text/html", "image/png", "image/svg+xml", "application/json", "text/html; charset=utf-7", "")
        for (kind, body), media_type in product(BODIES.items(), claimed):
            answer = await _upload(client, "x", body, media_type)
            seen.expect(answer.status_code in (201, 422), f"{kind} as {media_type!r}: {answer.status_code}")
            if answer.status_code == 201:
                await _check_download(client, answer.json(), seen, kind)
        for path, content_type in product(
            ("/files", "/ai/transcriptions"),
            ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x", ""),
        ):
            posed = b'{"files": {"file": {"path": "/etc/passwd", "filepath": "/etc/passwd"}}, "file": "/etc/passwd"}'
            headers = {"Content-Type": content_type} if content_type else {}
            answer = await client.post(f"{API}{path}", content=posed, headers=headers)
            seen.expect(answer.status_code in (415, 422), f"{content_type!r} to {path}: {answer.status_code}")
            seen.expect("root:" not in answer.text, f"{content_type!r} to {path} returned a file")
    return seen


async def _check_download(client: httpx2.AsyncClient, view: dict[str, Any], seen: Seen, kind: str) -> None:
    answer = await client.get(f"{API}/files/{view['id']}/content")
    headers = answer.headers
    seen.expect(headers["content-disposition"].startswith("attachment"), f"{kind} isn't an attachment")
    seen.expect(headers["x-content-type-options"] == "nosniff", f"{kind} may be sniffed")
    seen.expect("sandbox" in headers["content-security-policy"] or not _is_active(headers), f"{kind} isn't sandboxed")


def _is_active(headers: httpx2.Headers) -> bool:
    return headers["content-type"].split(";")[0].strip() in ACTIVE


async def _upload(client: httpx2.AsyncClient, name: str, body: bytes, media_type: str) -> httpx2.Response:
    return await client.post(f"{API}/files", files={"file": (name, body, media_type)})


def _files_in(folder: Path) -> set[str]:
    return {str(Path(place) / name) for place, _, found in os.walk(folder) for name in found}


FINDINGS = (
    Finding("S33", "names of files are only shown, and never become paths", names),
    Finding("S34", "files are what their content is, and downloads can't run in a browser", types),
)
