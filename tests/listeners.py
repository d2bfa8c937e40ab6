"""Many WebSocket clients in a separate process, for `benchmarks/fanout.py`: `python -m tests.listeners`.

It reads what to follow as JSON from standard input, prints `connected` when every socket is subscribed, and prints what
arrived as JSON when every topic has ended. It implements the protocol by hand, because a client library would use more
of the machine than the server that is measured. What arrives is stored unchanged, with its time, and parsed afterward.
"""

import asyncio
import base64
import json
import os
import struct
import sys
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

TEXT, PING, PONG = 0x1, 0x9, 0xA
AT_ONCE = 50
"""The number of concurrent handshakes."""


class Listener(asyncio.Protocol):
    """One socket on one topic."""

    def __init__(self, url: str, token: str, task_id: str) -> None:
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.arrived: list[tuple[float, bytes]] = []
        self._where, self._token, self._task_id = urlsplit(url), token, task_id
        self._buffer = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /ws HTTP/1.1", f"Host: {self._where.netloc}", f"Authorization: Bearer {self._token}"]
        lines += ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}"]
        transport.write("\r\n".join([*lines, "Sec-WebSocket-Version: 13", "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        if not self._is_open:
            head, there, rest = self._buffer.partition(b"\r\n\r\n")
            if not there:
                return
            if b" 101 " not in head:
                self._fail(head.decode(errors="replace"))
                return
            self._is_open, self._buffer = True, rest
            subscribe = {"type": "subscribe", "topic": f"run:{self._task_id}", "after": 0}
            self._transport.write(frame_of(TEXT, json.dumps(subscribe).encode()))
        while (found := self._next_frame()) is not None:
            self._take(now, *found)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection ended: {exc}")

    def _take(self, now: float, kind: int, data: bytes) -> None:
        if kind == PING:
            self._transport.write(frame_of(PONG, data))
        elif kind != TEXT:
            self._fail(f"closed: {data!r}")
        elif data.startswith(b'{"type":"subscribed"'):
            self.subscribed.set_result(None)
        elif data.startswith(b'{"type":"ended"'):
            self.ended.set_result(None)
        elif not data.startswith(b'{"type":"authenticated"'):
            self.arrived.append((now, data))

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, begin = buffer[1] & 0x7F, 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(buffer) < begin:
                return None
            size = int.from_bytes(buffer[2:begin])
        if len(buffer) < begin + size:
            return None
        self._buffer = buffer[begin + size :]
        return buffer[0] & 0xF, buffer[begin : begin + size]

    def _fail(self, why: str) -> None:
        for each in (self.subscribed, self.ended):
            if not each.done():
                each.set_exception(ConnectionError(why))
                # Retrieve the exception, in case nothing is waiting for this future at the moment.
                each.exception()


def frame_of(kind: int, data: bytes) -> bytes:
    """Encode one whole client frame, masked with zeros (RFC 6455, 5.2)."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(data))
    return bytes([0x80 | kind]) + size + bytes(4) + data


async def main() -> None:
    asked = json.loads(sys.stdin.readline())
    slots = asyncio.Semaphore(AT_ONCE)
    where = urlsplit(asked["url"])

    async def connected(task_id: str) -> Listener:
        async with slots:
            loop = asyncio.get_running_loop()
            _, listener = await loop.create_connection(
                lambda: Listener(asked["url"], asked["token"], task_id), where.hostname, where.port
            )
            await listener.subscribed
            return listener

    listeners = await asyncio.gather(*map(connected, asked["tasks"]))
    print("connected", flush=True)
    await asyncio.gather(*(listener.ended for listener in listeners))
    print(json.dumps(_report(listeners)), flush=True)


def _report(listeners: list[Listener]) -> dict[str, Any]:
    counts: dict[str, Any] = {"late_ms": [], "gaps": 0, "doubles": 0, "tokens": 0, "whole": 0}
    for listener in listeners:
        last, is_whole = 0, True
        for now, data in listener.arrived:
            message = json.loads(data)
            if message["type"] != "event":
                counts["tokens"] += message["type"] == "tokens"
                continue
            if message["seq"] != last + 1:
                is_whole = False
                counts["gaps" if message["seq"] > last else "doubles"] += 1
            last = message["seq"]
            # Events from before the sockets were open say nothing about delays.
            if last > 1:
                counts["late_ms"].append(round((now - datetime.fromisoformat(message["at"]).timestamp()) * 1000, 2))
        counts["whole"] += is_whole
    return counts


if __name__ == "__main__":
    asyncio.run(main())
