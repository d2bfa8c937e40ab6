"""Frames that the browser draws while a task of many subtasks sends events."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from itertools import count, pairwise

from playwright.async_api import Page, expect

from chimera.bus import Bus
from chimera.db.engine import Database
from chimera.ledger import events
from models.events import (
    Event,
    ModelCallFinished,
    ModelCallStarted,
    RunStarted,
    SubtaskCompleted,
    SubtaskStarted,
    TokensFrame,
)
from models.ids import NodePath, RunId
from models.model_calls import Purpose
from tests.console import chromium
from tests.console.people import create_person, sign_in
from tests.console.work import MODEL, a_subtask, working_as
from tests.stack import Stack

MIN_FRAMES_PER_SECOND = 30
WIDTH = 20
"""Subtasks side by side in the graph. Each depends on the one before it in its row."""
SIZE = {"width": 1280, "height": 800}

COUNT_FRAMES = """seconds => new Promise(done => {
  const drawn = [];
  const draw = now => {
    drawn.push(now);
    if (now - drawn[0] < seconds * 1000) requestAnimationFrame(draw); else done(drawn);
  };
  requestAnimationFrame(draw);
})"""


class Feed:
    """Writes events to a run at a steady rate, as workers do: some to PostgreSQL, the pieces of text to Redis."""

    def __init__(self, stack: Stack, run_id: RunId, nodes: int) -> None:
        self._database, self._bus = Database(stack.settings), Bus(stack.settings)
        self._run_id, self._events, self.sent = run_id, self._all(nodes), 0

    async def write(self, rate: int) -> None:
        """Write events until cancelled."""
        due = time.monotonic()
        while True:
            await self._send(next(self._events))
            self.sent += 1
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def start(self) -> None:
        await self._send(RunStarted())

    async def close(self) -> None:
        await self._bus.close()
        await self._database.close()

    async def _send(self, event: Event | TokensFrame) -> None:
        if isinstance(event, TokensFrame):
            self._bus.publish_tokens(event)
            return
        async with self._database.begin() as session:
            seq = await events.append(session, self._run_id, event)
        self._bus.wake(self._run_id, seq)

    def _all(self, nodes: int) -> Iterator[Event | TokensFrame]:
        """Yield the events of subtasks that run five at a time, and of the first one, which streams all the time."""
        first, step = NodePath("n0"), count()
        yield SubtaskStarted(path=first, agent="writer")
        yield self._called(first, 0)
        said = 0
        for number in count(1):
            path = NodePath(f"n{number % (nodes - 1) + 1}")
            call = next(step) if number >= nodes else 0
            yield SubtaskStarted(path=path, agent="writer")
            yield self._called(path, call)
            for piece in range(4):
                said, text = said + 6, "words "
                yield self._tokens(first, 0, said - 6, text)
                yield self._tokens(path, call, 6 * piece, text)
            yield ModelCallFinished(
                path=path,
                step=call,
                attempt=1,
                purpose=Purpose.TURN,
                preview="words",
                tool_calls=(),
                input_tokens=200,
                output_tokens=40,
                cost_micro_usd=120,
            )
            yield SubtaskCompleted(path=path, preview="words")

    def _called(self, path: NodePath, step: int) -> ModelCallStarted:
        return ModelCallStarted(
            path=path, step=step, attempt=1, purpose=Purpose.TURN, agent="writer", model=MODEL, simulated=True
        )

    def _tokens(self, path: NodePath, step: int, offset: int, text: str) -> TokensFrame:
        return TokensFrame(
            run_id=self._run_id, path=path, purpose=Purpose.TURN, step=step, attempt=1, offset=offset, text=text
        )


async def measure(stack: Stack, nodes: int, rate: int, seconds: int, rounds: int) -> bool:
    """Print frames a second at rest and under events, alternating, and return whether all are above the bar."""
    person = await create_person(stack)
    plan = [
        a_subtask(f"n{n}", title=f"Node {n}", depends_on=[f"n{n - WIDTH}"] if n >= WIDTH else []) for n in range(nodes)
    ]
    async with working_as(stack, person) as work:
        # A draft has no workflow, so the run's events are only those of the feed.
        task_id = await work.task("Count.", *plan, start=False)
    feed = Feed(stack, RunId(task_id), nodes)
    results: dict[str, list[float]] = {"rest": [], "events": []}
    try:
        async with chromium.running(chromium.find()) as browser:
            page = await browser.new_page(base_url=f"http://127.0.0.1:{stack.settings.api_port}", viewport=SIZE)  # type: ignore[arg-type]
            await sign_in(page, person)
            await feed.start()
            await page.goto(f"/tasks/{task_id}?as=graph&node=n0")
            await expect(page.locator("button[id^='node:n']")).to_have_count(nodes)
            for _ in range(rounds):
                results["rest"].append(_print("at rest", await _frames(page, seconds), seconds, 0))
                before, writing = feed.sent, asyncio.create_task(feed.write(rate))
                drawn = await _frames(page, seconds)
                writing.cancel()
                sent = feed.sent - before
                results["events"].append(_print("under events", drawn, seconds, sent))
            await expect(page.get_by_text("words words").first).to_be_visible()
    finally:
        await feed.close()
    slowest = min(results["events"])
    share = statistics.median(results["events"]) / statistics.median(results["rest"])
    print(
        f"frames a second with {nodes} nodes and {rate} events a second: {slowest:.1f} in the slowest round"
        f" (bar: above {MIN_FRAMES_PER_SECOND}), {share:.0%} of the page at rest"
    )
    return slowest > MIN_FRAMES_PER_SECOND


async def _frames(page: Page, seconds: int) -> list[float]:
    drawn: list[float] = await page.evaluate(COUNT_FRAMES, seconds)
    return drawn


def _print(what: str, drawn: list[float], seconds: int, sent: int) -> float:
    gaps = [after - before for before, after in pairwise(drawn)]
    rate = len(gaps) / ((drawn[-1] - drawn[0]) / 1000)
    slow = [
        sum(start <= now - drawn[0] < start + 1000 for now in drawn) for start in range(0, (seconds - 1) * 1000, 1000)
    ]
    print(
        f"{what:12} {rate:5.1f} frames a second, {min(slow)} in the slowest second, longest gap {max(gaps):.0f} ms,"
        f" {sent / seconds:.1f} events a second",
        flush=True,
    )
    return rate
