"""The cost of streaming through Chimera, compared with reading the same stream with the vendor's SDK.

    python -m benchmarks streaming [--streams 20] [--rate 100] [--tokens 500] [--rounds 3]

The provider is `benchmarks/clock.py`, whose tokens are the times at which they were sent. "bare" reads them with only
the `openai` SDK. "chimera" is a task with one model call, followed over a WebSocket, so the tokens pass through worker,
bus and API. The rounds alternate. The output shows the delay from sending to reading, for the first token and for all
tokens, and the tokens per second from a stream's first token to its last.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from openai import AsyncOpenAI

from tests.ports import free_port
from tests.stack import Stack, running_stack

MAX_LATER_MS = 25.0
MIN_RATE_SHARE = 0.95


@dataclass
class Read:
    """A stream as it arrived: the times at which each token was sent and read, in nanoseconds."""

    tokens: list[tuple[int, int]] = field(default_factory=list)
    _rest: str = ""

    def take(self, text: str) -> None:
        now = time.monotonic_ns()
        *whole, self._rest = (self._rest + text).split(" ")
        self.tokens += [(int(token), now) for token in whole]

    @property
    def first_ms(self) -> float:
        sent, read = self.tokens[0]
        return (read - sent) / 1e6

    @property
    def rate(self) -> float:
        return (len(self.tokens) - 1) / ((self.tokens[-1][1] - self.tokens[0][1]) / 1e9)


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--streams", type=int, default=20)
    options.add_argument("--rate", type=int, default=100, help="tokens per second in each stream")
    options.add_argument("--tokens", type=int, default=500)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    model = f"r{asked.rate}-n{asked.tokens}"
    with tempfile.TemporaryDirectory() as folder:
        async with (
            _clock() as url,
            running_stack(Path(folder), local_base_url=url, max_sockets=0) as stack,
            AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client,
        ):
            readers: dict[str, Callable[[], Awaitable[Read]]] = {
                "bare": lambda: _bare(client, model),
                "chimera": lambda: _chimera(stack, model),
            }
            await measure(readers, asked.streams, asked.tokens, asked.rounds)


async def measure(readers: dict[str, Callable[[], Awaitable[Read]]], streams: int, tokens: int, rounds: int) -> None:
    """Print the results that the module's docstring describes."""
    reads: dict[str, list[Read]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, reader in readers.items():
            got = await asyncio.gather(*(reader() for _ in range(streams)))
            whole = sum(len(read.tokens) == tokens for read in got)
            if number == 0:
                print(f"warmed up: {name}", flush=True)
                continue
            reads[name] += got
            print(f"round {number}  {name:8} {_summary(got)}  whole {whole}/{streams}", flush=True)
    for name, every in reads.items():
        print(f"median   {name:8} {_summary(every)}")
    later = _first(reads["chimera"]) - _first(reads["bare"])
    share = _rate(reads["chimera"]) / _rate(reads["bare"])
    print(f"first token later by {later:.1f} ms  (bar: at most {MAX_LATER_MS:g})")
    print(f"rate                 {share:.3f} of bare  (bar: at least {MIN_RATE_SHARE})")


def _summary(reads: list[Read]) -> str:
    delays = [(read - sent) / 1e6 for stream in reads for sent, read in stream.tokens]
    return (
        f"first token {_first(reads):6.1f} ms  any token {statistics.median(delays):6.1f} ms"
        f"  {_rate(reads):6.1f} tokens/s"
    )


def _first(reads: list[Read]) -> float:
    return statistics.median(read.first_ms for read in reads)


def _rate(reads: list[Read]) -> float:
    return statistics.median(read.rate for read in reads)


async def _bare(client: AsyncOpenAI, model: str) -> Read:
    read = Read()
    chunks = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "go"}], stream=True
    )
    async for chunk in chunks:
        if chunk.choices and chunk.choices[0].delta.content:
            read.take(chunk.choices[0].delta.content)
    return read


async def _chimera(stack: Stack, model: str) -> Read:
    plan = [{"key": "only", "instruction": "go", "agent": "writer"}]
    body = {"goal": "go", "model": f"local/{model}", "plan": plan, "start": False}
    answer = (await stack.api.post("/api/v1/tasks", json=body)).raise_for_status().json()
    topic, read = f"run:{answer['id']}", Read()
    address = str(stack.api.base_url).replace("http:", "ws:").rstrip("/")
    async with (
        httpx2.AsyncClient(headers=stack.api.headers, trust_env=False) as client,
        client.websocket(f"{address}/ws") as socket,
    ):
        await socket.send_json({"type": "subscribe", "topic": topic})
        (await stack.api.post(f"/api/v1/tasks/{answer['id']}/execute")).raise_for_status()
        while True:
            frame = await socket.receive_json()
            if frame["type"] == "tokens":
                read.take(frame["text"])
            elif frame["type"] == "ended":
                return read


@asynccontextmanager
async def _clock() -> AsyncIterator[str]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.clock", str(port))
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(url)
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        yield f"{url}/v1"
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
