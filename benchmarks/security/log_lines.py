"""S26: text from outside in log lines."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2

from benchmarks.security.accounts import until_status
from benchmarks.security.finding import API, Finding, Seen
from chimera.observe.logging import CONTROL, LINE_CHARS
from models.ids import TaskId
from tests.stack import Stack

FORGED = '{"event": "forged", "level": "critical"}'
TEXTS = {
    "line break": f"x\n{FORGED}",
    "carriage return": f"x\r\n{FORGED}\r",
    "escape sequence": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "NUL": "a\x00b",
    "line separator": f"x\u2028{FORGED}\u2029\x85",
    "direction": "\u202egnp.exe\u2066",
    "percent": "%s%n%(name)s%",
    "braces": "{} {0} {event!r}",
    "quote": f'"}}\n{FORGED}',
    "length": "y" * (1024 * 1024),
    "surrogate": "\\ud800 \\udfff",
}


async def lines(stack: Stack) -> Seen:
    """Send each text in each place that is logged, and then read every line of every log."""
    seen = Seen()
    for kind, text in TEXTS.items():
        for name, request in _requests(stack, text):
            try:
                answer = await stack.api.send(request)
                seen.expect(answer.status_code < 500, f"{kind} in {name}: {answer.status_code}")
            except (httpx2.TransportError, httpx2.InvalidURL):
                # The API hung up before all of it was sent.
                seen.trials += 1
        body = {"title": text[:200], "goal": text[:20_000], "model": "simulator/fast", "plan": [_subtask(text[:2000])]}
        answer = await stack.api.post(f"{API}/tasks", json=body)
        if answer.is_success:
            await until_status(stack.api, TaskId(answer.json()["id"]))
    files = sorted((stack.settings.log_dir or stack.settings.data_dir / "logs").glob("*.log"))
    read = sum(_check(seen, file) for file in files)
    seen.figures = {"files": len(files), "lines": read}
    return seen


def _requests(stack: Stack, text: str) -> Iterator[tuple[str, httpx2.Request]]:
    build = stack.api.build_request
    as_header = text[:60_000].encode("utf-8", "replace")
    for header in ("User-Agent", "X-Request-ID", "Referer", "Idempotency-Key", "traceparent"):
        if not any(byte in as_header for byte in b"\r\n\x00"):
            yield header, build("GET", f"{API}/tasks", headers=[(header.encode(), as_header)])
    yield "e-mail", build("POST", f"{API}/auth/login", json={"email": text, "password": "x"})
    yield "password", build("POST", f"{API}/auth/login", json={"email": "a@example.com", "password": text})
    yield "query", build("GET", f"{API}/tasks", params={"q": text[:20_000]})
    yield "path", build("GET", f"{API}/agents/{_quoted(text[:5000])}")
    yield "agent", build("POST", f"{API}/agents", json={"name": text, "prompt": text})
    yield "model", build("POST", f"{API}/tasks", json={"goal": "x", "model": text})
    yield "tool", build("POST", f"{API}/policy/test", json={"tool": text, "agent": "writer", "arguments": {"x": text}})


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "replace"))


def _subtask(text: str) -> dict[str, str]:
    """A subtask with the text as its title, whose answer repeats it, and whose provider fails once."""
    return {
        "key": "only",
        "title": text[:100],
        "instruction": f"{text} [[sim: status=500; times=1]]",
        "agent": "writer",
    }


def _check(seen: Seen, file: Path) -> int:
    """Check that every line is one event, without control characters, and not too long; return their number."""
    number = 0
    for line in file.read_bytes().split(b"\n")[:-1]:
        number += 1
        text = line.decode("utf-8")
        seen.expect(len(text) <= LINE_CHARS, f"{file.name}: a line of {len(text)} characters")
        seen.expect(not CONTROL.search(text), f"{file.name}: a control character in {text[:80]!r}")
        if text.startswith("{"):
            seen.expect(json.loads(text).get("event") != "forged", f"{file.name}: a forged event")
        else:
            seen.expect(FORGED not in text, f"{file.name}: a forged line")
    return number


FINDINGS = (Finding("S26", "no text forges, breaks or floods a log line", lines),)
