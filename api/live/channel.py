"""The channel of a followed run: each event is read once, and the newest frames are kept, for all followers.

For each client, only its position in these frames is stored. A client that falls behind the oldest of them receives the
events that it missed from PostgreSQL, but not the text between these events.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from typing import TypeVar

import structlog

from api.live.ending import HubClosed
from api.live.frames import Calls, Written
from api.live.inbox import Inbox
from chimera.bus import STREAM_ENTRIES
from chimera.db.engine import AWAY, Database
from chimera.ledger import attempts, events
from models.events import LAST, EventFrame, TokensFrame
from models.ids import RunId

log = structlog.get_logger()

QUEUE_FRAMES = 256
"""How many frames a client may be behind without losing text."""
KEPT_EVENTS = 500
"""Number of newest events that are kept for clients that join, or that are further behind."""
EVENTS_A_READ = 500
AWAY_SECONDS = 1.0
PAUSE_SECONDS = 0.001
"""Pause per follower after each notification, so that frames that arrive meanwhile reach all followers in one write."""
MOST_PAUSE_SECONDS = 0.15

T = TypeVar("T")
JoinBus = Callable[["Channel"], Awaitable[list[TokensFrame]]]
"""Starts to read the bus for a channel's run, and returns the earlier text that the bus still holds."""


class Channel:
    """Opened for the first client of a run, and closed after the last one."""

    def __init__(self, run_id: RunId, database: Database, join_bus: JoinBus) -> None:
        self.run_id = run_id
        self.last_seq = 0
        self.followers = 0
        self.position: str | None = None
        """Position of the last entry read from the bus; None before the bus is read for this run."""
        self._database = database
        self._inbox = Inbox()
        self._calls = Calls()
        self._events: deque[Written] = deque(maxlen=KEPT_EVENTS)
        self._frames: deque[Written] = deque(maxlen=QUEUE_FRAMES)
        self._frames_ever = 0
        # Text of the calls in flight, for clients that join in the middle.
        self._text: deque[Written] = deque(maxlen=STREAM_ENTRIES)
        self._is_over = self._has_begun = self._is_closed = False
        self._error: BaseException | None = None
        self._news = asyncio.Event()
        self._work = asyncio.create_task(self._run(join_bus))
        self._work.add_done_callback(self._on_end)

    @property
    def has_failed(self) -> bool:
        """Whether the channel's task has ended with an error, so that it yields nothing new."""
        return self._error is not None

    def offer(self, news: TokensFrame | int) -> None:
        """Accept a piece of text, or a hint that there are events up to a sequence number."""
        self._inbox.offer(news)

    def close(self) -> "asyncio.Task[None]":
        """End all streams that follow this run, and cancel and return the channel's task."""
        self._is_closed = True
        self._work.cancel()
        self._notify()
        return self._work

    async def begun(self) -> None:
        """Wait until the newest events are known. Raises HubClosed, or the error if they couldn't be read."""
        while not self._has_begun:
            await self._wait()

    async def frames(self, after: int, known: int) -> AsyncIterator[list[Written]]:
        """Yield the events after `after`, then live frames, until the run's last event, in batches of available frames.

        `known` is the newest event that the caller knows of, so no earlier event is the last one.
        """
        text = [piece for piece in self._text if self._is_live(piece)]
        while True:
            place, seq = self._frames_ever, self.last_seq
            async for found in self._between(after, seq):
                yield found
            after = max(after, seq)
            if text := list(filter(self._is_live, text)):
                yield text
                text = []
            # Until the client is so far behind that its place is lost. Then start over without the text.
            while place >= self._frames_ever - len(self._frames):
                if place < self._frames_ever:
                    found = [each for each in self._frames_from(place) if each.comes_after(after)]
                    place = self._frames_ever
                    if found:
                        after = found[-1].seq
                        yield found
                elif self._is_over and after >= max(self.last_seq, known):
                    return
                else:
                    await self._wait()

    def _frames_from(self, place: int) -> Iterator[Written]:
        return islice(self._frames, place - self._frames_ever + len(self._frames), None)

    async def _between(self, after: int, up_to: int) -> AsyncIterator[list[Written]]:
        """Yield the events after `after` up to `up_to`: the kept events, or else those in PostgreSQL."""
        while after < up_to:
            found = self._kept(after, up_to) or await read(self._database, self.run_id, after, up_to)
            if not found:
                return
            yield found
            after = found[-1].seq

    def _kept(self, after: int, up_to: int) -> list[Written]:
        first = self._events[0].seq if self._events else after + 2
        return list(islice(self._events, after + 1 - first, up_to + 1 - first)) if first <= after + 1 else []

    def _is_live(self, piece: Written) -> bool:
        return isinstance(piece.frame, TokensFrame) and self._calls.is_live(piece.frame)

    async def _run(self, join_bus: JoinBus) -> None:
        backlog = await join_bus(self)
        if self._is_closed:  # redis-py can lose a cancellation
            return
        await self._begin(backlog)
        while True:
            for news in await self._inbox.all():
                await self._take(news)
            self._notify()
            await asyncio.sleep(min(MOST_PAUSE_SECONDS, self.followers * PAUSE_SECONDS))

    async def _take(self, news: TokensFrame | int) -> None:
        if isinstance(news, TokensFrame):
            self._add_text(news)
            return
        while self.last_seq < news and (found := await read(self._database, self.run_id, self.last_seq, news)):
            self._add(found)

    async def _begin(self, backlog: list[TokensFrame]) -> None:
        # After joining the bus, because no hint will arrive for earlier events.
        newest, open_calls = await _with_database(self.run_id, lambda: self._newest(bool(backlog)))
        self._add([Written(frame, frame.seq) for frame in newest])
        for piece in backlog:
            if (piece.path, piece.purpose, piece.step, piece.attempt) in open_calls:
                self._add_text(piece)
        self._has_begun = True
        self._notify()

    async def _newest(self, with_calls: bool) -> tuple[list[EventFrame], set[tuple[str, str, int, int]]]:
        async with self._database.statements() as connection:
            newest = await events.newest(connection, self.run_id, KEPT_EVENTS)
            return newest, await attempts.in_progress(connection, self.run_id) if with_calls else set()

    def _add(self, found: list[Written]) -> None:
        for event in found:
            assert isinstance(event.frame, EventFrame)
            self._events.append(event)
            self._append(event)
            self.last_seq = event.seq
            if event.frame.event.type in LAST:
                self._is_over = True
            elif event.frame.event.type == "run.retried":
                self._is_over = False
            if self._calls.note(event.frame) and self._text:
                self._text = deque(filter(self._is_live, self._text), STREAM_ENTRIES)

    def _add_text(self, frame: TokensFrame) -> None:
        if self._calls.is_live(frame):
            piece = Written(frame, self.last_seq)
            self._text.append(piece)
            self._append(piece)

    def _append(self, frame: Written) -> None:
        self._frames.append(frame)
        self._frames_ever += 1

    def _notify(self) -> None:
        # Wake all current waiters; each checks the state before it waits again.
        self._news.set()
        self._news.clear()

    async def _wait(self) -> None:
        if not self._is_closed and self._error is None:
            await self._news.wait()
        if self._is_closed:
            raise HubClosed
        if self._error is not None:
            raise self._error

    def _on_end(self, work: "asyncio.Task[None]") -> None:
        if not work.cancelled():
            self._error = work.exception()
        self._notify()


async def read(database: Database, run_id: RunId, after: int, up_to: int) -> list[Written]:
    """Read the next events, at most `EVENTS_A_READ`."""

    async def once() -> list[EventFrame]:
        async with database.statements() as connection:
            return await events.read_after(connection, run_id, after, min(EVENTS_A_READ, up_to - after))

    return [Written(frame, frame.seq) for frame in await _with_database(run_id, once)]


async def _with_database(run_id: RunId, reading: Callable[[], Awaitable[T]]) -> T:
    """Read from the database. If it restarts, wait for it, because the client hasn't lost anything yet."""
    while True:
        try:
            return await reading()
        except AWAY as error:
            log.warning("stream_waits_for_database", run_id=run_id, error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
