"""S36: large, slow and numerous uploads, and a full disk."""

import asyncio
import os
import time

from benchmarks.security.accounts import open_database
from benchmarks.security.connections import memory
from benchmarks.security.finding import API, Finding, Seen
from tests.faults.experiments.broken import fill_the_disk
from tests.faults.lab import Lab
from tests.faults.trials import trial
from tests.stack import Stack

STREAM_BYTES = 5_000_000_000
PIECE = b"x" * 65_536
FIELDS = 10_000
IDLE_S = 90.0
"""The API allows 60 s; the rest is for a busy machine."""
SLOW_S = 180.0
"""After two minutes, a body must arrive at 16 KiB per second."""
GROWN_MB = 20
BOUNDARY = "x1x"
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()


async def large_and_slow(stack: Stack) -> Seen:
    seen, before = Seen(), memory(stack)
    announced = await _upload(stack, f"Content-Length: {STREAM_BYTES}", STREAM_BYTES)
    chunked = await _upload(stack, "Transfer-Encoding: chunked", STREAM_BYTES)
    most = stack.settings.max_file_bytes
    for what, (status, sent) in {"announced": announced, "in chunks": chunked}.items():
        seen.expect(status == 413, f"5 GB {what}: {status}")
        # Data in the buffers between client and API also counts as sent.
        seen.expect(sent < most + 20_000_000, f"5 GB {what}: {sent / 1e6:.0f} MB were sent")
        seen.figures[f"MB sent, {what}"] = round(sent / 1e6)
    anonymous, sent = await _upload(stack, "Transfer-Encoding: chunked", STREAM_BYTES, token="")
    seen.expect(anonymous == 401, f"without a token: {anonymous}")
    seen.figures["MB sent, without a token"] = round(sent / 1e6)
    fields = [("a", (None, str(number))) for number in range(FIELDS)]
    answer = await stack.api.post(f"{API}/files", files=fields)
    seen.expect(answer.status_code == 422, f"{FIELDS} fields: {answer.status_code}")
    waits = await asyncio.gather(_silent(stack), _dripping(stack), _dripping(stack))
    for what, limit, (status, took) in zip(
        ("silent", "1 byte/s", "1 byte/s"), (IDLE_S, SLOW_S, SLOW_S), waits, strict=True
    ):
        seen.expect(status == 408 and took < limit, f"{what}: {status} after {took:.0f} s")
        seen.figures[f"{what}, s"] = round(took)
    grown = (memory(stack) - before) / 1024 / 1024
    seen.expect(grown <= GROWN_MB, f"the API grew by {grown:.0f} MB")
    await _full_disk(stack, seen)
    seen.decisions += [
        f"silence may last {IDLE_S:g} s here: the API ends it after 60 s, and the rest allows for a busy machine",
        f"sending a byte a second may last {SLOW_S:g} s: after two minutes, a body must arrive at 16 KiB a second",
        "the limit on a user's stored bytes is tested in B9",
    ]
    return seen


async def _full_disk(stack: Stack, seen: Seen) -> None:
    """Run a separate stack on a small disk: answers must report the full disk, and nothing accepted may be lost."""
    if os.geteuid() != 0:
        seen.decisions.append("the full disk was not tried, because mounting a small disk requires root")
        return
    async with open_database(stack) as database, trial(Lab(stack, database, stack.api), "S36", seed=1) as made:
        await fill_the_disk(made, runs=3, full_s=5)
    seen.trials += 1
    seen.problems += made.problems
    seen.figures["POSTs on a full disk"] = made.figures.get("POSTs while full", "none")


async def _upload(stack: Stack, length: str, size: int, token: str | None = None) -> tuple[int, int]:
    """Send a form until there is an answer; return its status, and how many bytes were sent by then."""
    reader, writer = await _begun(stack, length, token)
    sent, answer = 0, asyncio.create_task(reader.readline())
    chunked = "chunked" in length
    try:
        while sent < size and not answer.done():
            writer.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
            await writer.drain()
            sent += len(PIECE)
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    status = _status(await asyncio.wait_for(answer, 10))
    writer.close()
    return status, sent


async def _silent(stack: Stack) -> tuple[int, float]:
    reader, writer = await _begun(stack, "Content-Length: 100000", None)
    began = time.monotonic()
    status = await _answer(reader, IDLE_S)
    writer.close()
    return status, time.monotonic() - began


async def _dripping(stack: Stack) -> tuple[int, float]:
    reader, writer = await _begun(stack, "Content-Length: 100000", None)
    began = time.monotonic()
    answer = asyncio.create_task(_answer(reader, SLOW_S))
    while not answer.done():
        try:
            writer.write(b"x")
            await writer.drain()
        except ConnectionError:
            break
        await asyncio.wait({answer}, timeout=1)
    writer.close()
    return await answer, time.monotonic() - began


async def _begun(stack: Stack, length: str, token: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.settings.api_port)
    bearer = stack.api.headers["Authorization"] if token is None else token
    head = (
        f"POST {API}/files HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {bearer}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n"
    )
    writer.write(head.encode() + (b"%x\r\n%s\r\n" % (len(PART), PART) if "chunked" in length else PART))
    return reader, writer


async def _answer(reader: asyncio.StreamReader, limit_s: float) -> int:
    try:
        return _status(await asyncio.wait_for(reader.readline(), limit_s))
    except (TimeoutError, ConnectionError):
        return 0


def _status(line: bytes) -> int:
    return int(line.split()[1]) if line else 0


FINDINGS = (
    Finding(
        "S36",
        "uploads end at their size and time limits, and a full disk is reported and loses nothing",
        large_and_slow,
    ),
)
