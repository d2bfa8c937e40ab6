"""S24: bodies, headers and connections that are cheap to send and expensive to read."""

import gzip
import json
import zlib

from benchmarks.security.connections import a_header_without_an_end, half_requests, memory
from benchmarks.security.finding import API, Finding, Seen, processor_s, watched
from tests.stack import Stack

HELD_MS = 100
GROWN_MB = 20
ROUNDS = 3
HEADER_MB = 400
HALF_REQUESTS = 2_000
ADDRESSES = 4
PLACES = (f"{API}/tasks", f"{API}/auth/login")
JSON = "application/json"


def _bodies() -> dict[str, tuple[bytes, dict[str, str]]]:
    deep = 100_000
    zeros = b"0" * 10_000_000
    task = b'{"goal": "x"}'
    plain: dict[str, bytes] = {
        "lists 100,000 deep": b"[" * deep + b"]" * deep,
        "objects 100,000 deep": b'{"a":' * deep + b"1" + b"}" * deep,
        "unclosed lists": b"[" * 900_000,
        "a million names": json.dumps({f"k{n}": n for n in range(1_000_000)}).encode(),
        "90,000 names": json.dumps({f"k{n}": n for n in range(90_000)}).encode(),
        "100,000 errors in a list": b'{"goal":"x","images":[' + b"1," * 99_999 + b"1]}",
        "100,000 errors in a plan": b'{"goal":"x","plan":[' + b"{}," * 99_999 + b"{}]}",
        "a 10 MB number": b'{"goal":"x","priority":' + b"9" * 10_000_000 + b"}",
        "a 900 KB number": b'{"goal":"x","priority":' + b"9" * 900_000 + b"}",
        "1e999999": b'{"goal":"x","priority":1e999999}',
        "a 900 KB fraction": b'{"goal":"x","priority":0.' + b"1" * 900_000 + b"}",
        "a repeated name": b'{"goal":"x","goal":"y"}',
        "a name repeated 60,000 times": b"{" + b'"goal":"x",' * 60_000 + b'"goal":"x"}',
        "NaN": b'{"goal":"x","metadata":{"a":NaN}}',
        "Infinity": b'{"goal":"x","priority":-Infinity}',
        "a lone surrogate": b'{"goal":"\\ud800"}',
        "CESU-8": b'{"goal":"\xed\xa0\x80"}',
        "NUL": b'{"goal":"a\\u0000b"}',
        "a bare NUL": b'{"goal":"a\0b"}',
        "UTF-16": '{"goal":"x"}'.encode("utf-16"),
        "invalid JSON": b"goal=x",
        "nothing": b"",
        "a million quotes": b'"' * 1_000_000,
        "a million backslashes": b'{"goal":"' + b"\\" * 900_000,
    }
    packed: dict[str, tuple[bytes, dict[str, str]]] = {
        "a gzip bomb": (gzip.compress(b'{"goal":"' + zeros * 10 + b'"}'), {"Content-Encoding": "gzip"}),
        "a deflate bomb": (zlib.compress(zeros * 10), {"Content-Encoding": "deflate"}),
        "a valid body in gzip": (gzip.compress(task), {"Content-Encoding": "gzip"}),
        "text/plain": (task, {"Content-Type": "text/plain"}),
        "a form": (b"goal=x", {"Content-Type": "application/x-www-form-urlencoded"}),
        "no content type": (task, {"Content-Type": ""}),
        "another charset": (task, {"Content-Type": "application/json; charset=utf-7"}),
    }
    return {**{what: (body, {}) for what, body in plain.items()}, **packed}


HARMLESS = {"another charset"}
"""Bodies that are nevertheless JSON in UTF-8, and may be accepted."""


async def bombs(stack: Stack) -> Seen:
    """Measure the API's processor time for each bomb, its memory growth, and how long a second client waits."""
    # Created first, because long work in this process would also delay the second client.
    bodies = _bodies()
    seen, before, worst = Seen(), memory(stack), 0.0
    async with watched(stack) as watch:
        for what, (body, headers) in bodies.items():
            for path in PLACES:
                used = processor_s(stack.services.api)
                statuses = [await _status(stack, path, body, headers) for _ in range(ROUNDS)]
                used_ms = (processor_s(stack.services.api) - used) * 1000 / ROUNDS
                worst = max(worst, used_ms)
                seen.trials += ROUNDS - 1
                right = all(400 <= status < 500 for status in statuses) or (what in HARMLESS and max(statuses) < 500)
                seen.expect(right, f"{what} at {path}: {sorted(set(statuses))}")
                seen.expect(used_ms <= HELD_MS, f"{what} at {path}: {used_ms:.0f} ms of processor time")
    seen.decisions.append(
        f"{HELD_MS} ms of API processor time, the mean of {ROUNDS} rounds; a second client's wait is only reported"
    )
    grown = (memory(stack) - before) / 1024 / 1024
    seen.expect(grown <= GROWN_MB, f"the API grew by {grown:.0f} MB")
    header = await a_header_without_an_end(stack, HEADER_MB)
    halves = await half_requests(stack, HALF_REQUESTS, ADDRESSES)
    for other in (header, halves):
        seen.trials += other.trials
        seen.problems += other.problems
        seen.decisions += other.decisions
    seen.figures = {
        "longest processor time, ms": round(worst),
        "MB grown": round(grown),
        "longest wait of a second client, ms": round(watch.longest_ms),
        "longest wait during an endless header, ms": header.figures["longest wait, ms"],
        "longest wait during half requests, ms": halves.figures["longest wait, ms"],
    }
    return seen


async def _status(stack: Stack, path: str, body: bytes, headers: dict[str, str]) -> int:
    answer = await stack.api.post(path, content=body, headers={"Content-Type": JSON, **headers})
    return answer.status_code


FINDINGS = (
    Finding(
        "S24",
        f"no bomb uses {HELD_MS} ms of the API's processor time or {GROWN_MB} MB (400 MB of header, 2,000 halves)",
        bombs,
    ),
)
