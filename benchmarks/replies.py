"""Replies: the time to the first token by hop, replies whose worker is killed, and the cost of long chat sessions.

    python -m benchmarks replies [--streams 20] [--apart-ms 0] [--rounds 5] [--kills 20] [--turns 200]

First token: `--streams` replies, from the POST to the first token at the client, compared with the vendor's SDK alone.
They begin in the same instant, or `--apart-ms` after each other. The provider is `benchmarks/clock.py`, whose tokens
are the times at which they were sent. The rounds alternate. The processor time is that of whole replies.

Kills: as many replies are streamed while `kill -9` ends their worker in the middle of the text. Afterwards, the text of
each client has to be that of the database, byte for byte.

Turns: one chat session with a model whose window has 8,192 tokens. The tokens per turn, summaries included, must not
grow.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from openai import AsyncOpenAI
from sqlalchemy import insert, select, text

from benchmarks.processor import PARTS, processor_ms
from benchmarks.streaming import _clock as clock
from chimera.db.engine import Database
from chimera.db.tables import ChatMessage, ChatSession, User
from chimera.ledger.acceptance import NewReply
from chimera.store import replies
from models.ids import UserId
from models.runs import RunKind
from tests.stack import Stack, running_stack

T = TypeVar("T")

MAX_LATER_MS = 100.0
COMPLETIONS, REPLIES = "/api/v1/chat/completions", "/api/v1/replies"
MODEL = "r100-n20"
HOPS = ("accepted", "workflow started", "call begun", "first byte sent", "received")
WINDOWED = "simulator/standard"
_DUE = text("UPDATE outbox SET next_attempt_at = now() WHERE run_id = :run_id")
_WALL_NS = time.time_ns() - time.monotonic_ns()


@dataclass
class Stream:
    """A reply as its client received it."""

    begun_ns: int = field(default_factory=time.monotonic_ns)
    text: str = ""
    reply_id: str = ""
    attempts: int = 0
    first_ns: int = 0
    sent_ns: int = 0
    """When the provider sent the first token, which says so itself."""
    at_ns: dict[str, int] = field(default_factory=dict)
    """When each event happened according to the database, by type."""

    def take(self, frame: dict[str, Any]) -> None:
        """Apply a frame as docs/reference/streams.md tells clients to."""
        self.reply_id = frame["run_id"]
        if frame["kind"] == "tokens":
            if not self.first_ns:
                self.first_ns = time.monotonic_ns()
                sent = frame["text"].split(" ")[0]
                self.sent_ns = int(sent) if sent.isdigit() else 0
            if frame["offset"] <= len(self.text):
                self.text += frame["text"][len(self.text) - frame["offset"] :]
            return
        event = frame["event"]
        at = datetime.fromisoformat(frame["at"]).timestamp()
        self.at_ns.setdefault(event["type"], int(at * 1e9) - _WALL_NS)
        if event["type"] == "model_call.started":
            self.text, self.attempts = "", event["attempt"]

    def hops_ms(self) -> list[float]:
        """Return the milliseconds of each hop, up to the first token."""
        names = ("run.accepted", "run.started", "model_call.started")
        times = [self.begun_ns, *(self.at_ns.get(name, self.begun_ns) for name in names), self.sent_ns, self.first_ns]
        return [(after - before) / 1e6 for before, after in pairwise(times)]


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--streams", type=int, default=20)
    options.add_argument("--apart-ms", type=float, default=0.0)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--turns", type=int, default=200)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with (
            clock() as url,
            running_stack(
                Path(folder),
                local_base_url=url,
                max_streams=0,
                max_sockets=0,
                context_windows={WINDOWED: 8_192},
            ) as stack,
            AsyncOpenAI(base_url=url, api_key="none", max_retries=1) as client,
        ):
            if asked.streams:
                await first_tokens(stack, client, asked.streams, asked.apart_ms, asked.rounds)
            if asked.kills:
                await killed(stack, asked.kills)
            if asked.turns:
                await session(stack, asked.turns)


async def first_tokens(stack: Stack, client: AsyncOpenAI, streams: int, apart_ms: float, rounds: int) -> None:
    """Print the time to the first token, in total and by hop."""
    bare: list[float] = []
    ours: list[Stream] = []
    used = Counter[str]()
    for number in range(rounds + 1):
        alone = await _spread(apart_ms, (_bare(client) for _ in range(streams)))
        before = processor_ms()
        through = await _spread(apart_ms, (streamed(stack, {"model": f"local/{MODEL}"}) for _ in range(streams)))
        if number:
            used += processor_ms() - before
            bare += alone
            live = [stream for stream in through if stream.sent_ns]
            ours += live
            line = f"bare {_median(alone):6.1f} ms  chimera {_median(_firsts(live)):6.1f} ms"
            print(f"round {number}  {line}  streamed {len(live)}/{streams}", flush=True)
    later = _median(_firsts(ours)) - _median(bare)
    print(f"first token  bare {_median(bare):.1f} ms, chimera {_median(_firsts(ours)):.1f} ms")
    print(f"first token later by {later:.1f} ms  (bar: at most {MAX_LATER_MS:g})")
    for name, times in zip(HOPS, zip(*(stream.hops_ms() for stream in ours), strict=True), strict=True):
        print(f"  until {name:17} {_median(times):7.1f} ms")
    by_part = ", ".join(f"{part} {used[part] / streams / rounds:.1f}" for part in PARTS if used[part])
    print(f"processor ms per reply, from its POST to its end: {used.total() / streams / rounds:.0f} ({by_part})")


async def _spread(apart_ms: float, works: Iterable[Awaitable[T]]) -> list[T]:
    """Run all, each a number of milliseconds after the one before."""

    async def later(number: int, work: Awaitable[T]) -> T:
        await asyncio.sleep(number * apart_ms / 1e3)
        return await work

    return await asyncio.gather(*(later(number, work) for number, work in enumerate(works)))


async def killed(stack: Stack, count: int) -> None:
    """Print how many clients have the stored text after their worker was killed."""
    body = {"model": "simulator/slow"}
    words = "Tell a story. [[sim: tokens=200; drip=25]]"
    streams = [Stream() for _ in range(count)]
    reading = [asyncio.create_task(streamed(stack, body, words, stream)) for stream in streams]
    while not all(len(stream.text) > 40 for stream in streams):
        await asyncio.sleep(0.05)
    pid = stack.services.workers[0].kill()
    print(f"killed worker {pid} during {sum(not each.done() for each in reading)} streams", flush=True)
    await asyncio.gather(*reading)
    same, retried, charged = 0, 0, 0
    for stream in streams:
        reply = (await stack.api.get(f"{REPLIES}/{stream.reply_id}")).raise_for_status().json()
        same += reply["status"] == "completed" and reply["text"].encode() == stream.text.encode()
        retried += stream.attempts > 1
        charged += reply["model_calls"] == 2
    print(f"client's text = stored text: {same} of {count}  (new attempt: {retried}, two requests: {charged})")


async def session(stack: Stack, turns: int) -> None:
    """Print the tokens per turn of a long session, in quarters."""
    database = Database(stack.settings)
    tokens: list[int] = []
    try:
        async with database.begin() as opened:
            owner_id = UserId(str(await opened.scalar(select(User.id).limit(1))))
            created = insert(ChatSession).values(owner_id=owner_id).returning(ChatSession.id)
            session_id, leaf = (await opened.execute(created)).scalar_one(), None
        for turn in range(turns):
            leaf, spent = await _turn(stack, database, owner_id, session_id, leaf, turn)
            tokens.append(spent)
        async with database.begin() as opened:
            written = select(ChatMessage.id).where(ChatMessage.session_id == session_id, ChatMessage.role == "summary")
            summaries = len((await opened.scalars(written)).all())
    finally:
        await database.close()
    quarter = max(1, turns // 4)
    means = [statistics.mean(tokens[first : first + quarter]) for first in range(0, quarter * 4, quarter)]
    print(f"{turns} turns, {summaries} summaries, tokens per turn by quarter: {' '.join(f'{m:.0f}' for m in means)}")
    print(f"last quarter / second quarter: {means[3] / means[1]:.3f}")


async def _turn(
    stack: Stack, database: Database, owner_id: UserId, session_id: str, leaf: str | None, turn: int
) -> tuple[str, int]:
    """Add a message and its reply to a session; return the id of the answer, and the tokens of the reply."""
    words = f"Turn {turn}. {'word ' * 60}[[sim: tokens=150; drip=5000]]"
    async with database.begin() as opened:
        said = insert(ChatMessage).values(session_id=session_id, parent_id=leaf, role="user", text=words)
        message_id = (await opened.execute(said.returning(ChatMessage.id))).scalar_one()
        reply = NewReply(model=WINDOWED, session_id=session_id, message_id=message_id)
        reply_id, _ = await replies.create(opened, owner_id, reply, kind=RunKind.REPLY, body_sha256="")
        answer = insert(ChatMessage).values(
            session_id=session_id, parent_id=message_id, role="assistant", run_id=reply_id
        )
        leaf = (await opened.execute(answer.returning(ChatMessage.id))).scalar_one()
        # The sweeper of a worker starts it at its next round.
        await opened.execute(_DUE, {"run_id": reply_id})
    while True:
        view = (await stack.api.get(f"{REPLIES}/{reply_id}")).raise_for_status().json()
        if view["status"] in ("completed", "failed", "cancelled"):
            break
        await asyncio.sleep(0.05)
    if view["status"] != "completed":
        raise RuntimeError(f"turn {turn} is {view['status']}: {view['error']}")
    return leaf, view["usage"]["input_tokens"] + view["usage"]["output_tokens"]


async def streamed(stack: Stack, body: dict[str, Any], words: str = "go", stream: Stream | None = None) -> Stream:
    """Request a reply as a stream, and read it to its end."""
    stream = stream or Stream()
    request = {**body, "messages": [{"role": "user", "content": words}], "stream": True}
    stream.begun_ns = time.monotonic_ns()
    async with stack.api.stream("POST", COMPLETIONS, json=request, timeout=120) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                stream.take(json.loads(line.removeprefix("data: ")))
    return stream


async def _bare(client: AsyncOpenAI) -> float:
    """Return the milliseconds from the request to the first token with the SDK alone."""
    begun = time.monotonic_ns()
    chunks = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "go"}], stream=True
    )
    first = 0.0
    async for chunk in chunks:
        if not first and chunk.choices and chunk.choices[0].delta.content:
            first = (time.monotonic_ns() - begun) / 1e6
    return first


def _firsts(streams: list[Stream]) -> list[float]:
    return [(stream.first_ns - stream.begun_ns) / 1e6 for stream in streams]


def _median(times: Sequence[float]) -> float:
    return statistics.median(times)


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
