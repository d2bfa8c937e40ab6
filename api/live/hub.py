"""Following tasks: what happened from PostgreSQL, in order and without gaps; what is being written from Redis.

`Hub.follow` is the one implementation behind WebSocket topics and SSE. It pulls: events are read when the client has
taken the ones before, so a slow client costs no memory, and no database session is held while it waits. Redis only says
that there is something to read; without it the hub looks every 5 s, for all followed tasks with one query.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chimera.bus import Bus
from chimera.db import events, task_views
from chimera.db.engine import Database
from chimera.db.task_views import LinkTo, Progress
from models.events import (
    LAST,
    EventFrame,
    Frame,
    ModelCallFailed,
    ModelCallFinished,
    ModelCallStarted,
    SnapshotFrame,
    TokensFrame,
)
from models.ids import TaskId
from models.tasks import CLOSED
from models.users import Caller

log = structlog.get_logger()

MAX_BEHIND = 5000
"""A client that missed more events than this gets a snapshot instead."""
QUEUE_FRAMES = 256
EVENTS_A_READ = 500
LOOK_SECONDS = 5.0
BLOCK_SECONDS = 2.0
AWAY_SECONDS = 1.0


class HubClosed(Exception):
    """The process is going away; the client goes on elsewhere, from the last sequence that it saw."""


class Hub:
    """One per process: reads the bus once for all that is followed here, and hands out what comes."""

    def __init__(self, database: Database, bus: Bus, link_to: LinkTo) -> None:
        self._database = database
        self._bus = bus
        self._link_to = link_to
        self._name = uuid4().hex
        self._followers: dict[TaskId, set[_Follower]] = {}
        self._positions: dict[TaskId, str] = {}
        self._wanted = asyncio.Event()
        self._work: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._work = [asyncio.create_task(self._read_bus()), asyncio.create_task(self._look())]

    async def close(self) -> None:
        """End all streams, so that clients go elsewhere; harmless when done twice."""
        for follower in [each for group in self._followers.values() for each in group]:
            follower.end()
        await stop(self._work)

    async def follow(self, caller: Caller, task_id: TaskId, after: int = 0) -> AsyncGenerator[Frame]:
        """Yield what happened after the sequence `after`, then what happens, until the task's last event.

        Token frames lie between the events where they belong; those of calls that have ended are left out. Raises
        NotFound when the caller has no such task, HubClosed when the process ends first.
        """
        progress = await self._progress(caller, task_id)
        if progress.status in CLOSED:
            async for frame in self._catch_up(caller, task_id, after, progress):
                yield frame
            return
        with self._following(task_id) as follower:
            backlog = await self._join(task_id, follower)
            # Again: what happened before the bus is read for this task has no hint that would still come.
            progress = await self._progress(caller, task_id)
            calls = _Calls()
            async for frame in self._catch_up(caller, task_id, after, progress):
                after = calls.note(frame)
                yield frame
            if progress.status in CLOSED:
                return
            for tokens in await self._still_being_written(task_id, backlog):
                if calls.is_live(tokens):
                    yield tokens
            async for news in follower:
                if isinstance(news, TokensFrame):
                    if calls.is_live(news):
                        yield news
                    continue
                async for frame in self._events(task_id, after, news):
                    after = calls.note(frame)
                    yield frame
                    # A task that failed may have been tried again meanwhile.
                    if frame.event.type in LAST and frame.seq >= news:
                        return

    async def _progress(self, caller: Caller, task_id: TaskId) -> Progress:
        async with self._database.begin() as session:
            return await task_views.progress(session, caller, task_id)

    async def _catch_up(
        self, caller: Caller, task_id: TaskId, after: int, progress: Progress
    ) -> AsyncIterator[EventFrame | SnapshotFrame]:
        """Yield what the client missed, or a snapshot where that is too much (or it knows more than there is)."""
        if 0 <= progress.last_seq - after <= MAX_BEHIND:
            async for frame in self._events(task_id, after, progress.last_seq):
                yield frame
        else:
            yield await self._snapshot(caller, task_id)

    @contextmanager
    def _following(self, task_id: TaskId) -> "Iterator[_Follower]":
        follower = _Follower()
        self._followers.setdefault(task_id, set()).add(follower)
        try:
            yield follower
        finally:
            group = self._followers[task_id]
            group.discard(follower)
            if not group:
                del self._followers[task_id]
                self._positions.pop(task_id, None)

    async def _join(self, task_id: TaskId, follower: "_Follower") -> list[TokensFrame]:
        """Have the bus read for the task from here on; return the tokens that it holds from before."""
        place, backlog = await self._bus.backlog(task_id)
        follower.skip_to(place)
        if task_id not in self._positions:
            self._positions[task_id] = place
            self._wanted.set()
            await self._bus.interrupt_reader(self._name)
        return backlog

    async def _events(self, task_id: TaskId, after: int, up_to: int) -> AsyncIterator[EventFrame]:
        while after < up_to:
            frames = await self._read(task_id, after, min(EVENTS_A_READ, up_to - after))
            for frame in frames:
                yield frame
            if not frames:
                return
            after = frames[-1].seq

    async def _read(self, task_id: TaskId, after: int, limit: int) -> list[EventFrame]:
        """Read events; a database that restarts under a stream is waited for, because the client lost nothing yet."""
        while True:
            try:
                async with self._database.begin() as session:
                    return await events.read_after(session, task_id, after, limit)
            except (SQLAlchemyError, OSError) as error:
                log.warning("stream_waits_for_database", task_id=task_id, error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)

    async def _snapshot(self, caller: Caller, task_id: TaskId) -> SnapshotFrame:
        async with self._database.begin() as session:
            # The task first: subtasks may then be newer than `seq`, and events say again what is known already.
            task = await task_views.view(session, caller, task_id, self._link_to)
            subtasks = await task_views.subtasks(session, task_id)
        return SnapshotFrame(task_id=task_id, seq=task.last_seq, task=task, subtasks=subtasks)

    async def _still_being_written(self, task_id: TaskId, backlog: list[TokensFrame]) -> list[TokensFrame]:
        if not backlog:
            return []
        async with self._database.begin() as session:
            open_calls = await task_views.calls_in_progress(session, task_id)
        return [frame for frame in backlog if (frame.path, frame.purpose, frame.step, frame.attempt) in open_calls]

    async def _read_bus(self) -> None:
        while True:
            if not self._positions:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                entries = await self._bus.read(dict(self._positions), block=BLOCK_SECONDS, interrupt=self._name)
            except (RedisError, OSError) as error:
                log.warning("stream_without_redis", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            for task_id, entry_id, payload in entries:
                if task_id in self._positions:
                    self._positions[task_id] = entry_id
                for follower in self._followers.get(task_id, ()):
                    follower.offer(payload, entry_id)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._followers:
                continue
            try:
                async with self._database.begin() as session:
                    newest = await task_views.last_seqs(session, list(self._followers))
            except (SQLAlchemyError, OSError) as error:
                log.warning("stream_waits_for_database", error=type(error).__name__)
                continue
            for task_id, seq in newest.items():
                for follower in self._followers.get(task_id, ()):
                    follower.offer(seq)


class _Follower:
    """What waits for one client: tokens, and up to which sequence there are events. Bounded: tokens give way."""

    def __init__(self) -> None:
        self._queue: deque[TokensFrame | int] = deque()
        self._newest = 0
        self._taken = 0
        self._after = (0, 0)
        self._ended = False
        self._news = asyncio.Event()

    def skip_to(self, entry_id: str) -> None:
        """Leave out bus entries up to this one: the backlog had them."""
        self._after = _order_of(entry_id)

    def offer(self, payload: TokensFrame | int, entry_id: str | None = None) -> None:
        if entry_id is not None and _order_of(entry_id) <= self._after:
            return
        if isinstance(payload, int):
            if payload <= self._newest:
                return
            self._newest = payload
        # When full, tokens are lost to this client; `_newest` remembers the events without a place in the queue.
        if len(self._queue) < QUEUE_FRAMES:
            self._queue.append(payload)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    def __aiter__(self) -> "_Follower":
        return self

    async def __anext__(self) -> TokensFrame | int:
        while not self._ended:
            if self._queue:
                item = self._queue.popleft()
                if isinstance(item, int):
                    self._taken = max(self._taken, item)
                return item
            if self._newest > self._taken:
                self._taken = self._newest
                return self._newest
            self._news.clear()
            await self._news.wait()
        raise HubClosed


class _Calls:
    """Which model call is being written at each node, so that tokens of an attempt that is over are not shown."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], tuple[int, int, bool]] = {}

    def note(self, frame: EventFrame | SnapshotFrame) -> int:
        """Take in what a frame says about calls; return its sequence."""
        event = frame.event if isinstance(frame, EventFrame) else None
        if isinstance(event, (ModelCallStarted, ModelCallFinished, ModelCallFailed)):
            live = isinstance(event, ModelCallStarted)
            self._latest[event.path, event.purpose] = (event.step or 0, event.attempt or 0, live)
        return frame.seq

    def is_live(self, frame: TokensFrame) -> bool:
        step, attempt, live = self._latest.get((frame.path, frame.purpose), (0, 0, False))
        theirs, ours = (frame.step, frame.attempt), (step, attempt)
        return theirs > ours or (live and theirs == ours)


def _order_of(entry_id: str) -> tuple[int, int]:
    """Redis stream ids order by milliseconds, then by number; `$` (Redis was away) is before all."""
    milliseconds, _, number = entry_id.partition("-")
    return (int(milliseconds), int(number or 0)) if milliseconds.isdigit() else (0, 0)


async def stop(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they have ended.

    Again and again, because one cancel can get lost: `asyncio.wait_for` before Python 3.12 drops it when it meets a
    result, and so does redis-py's way of waiting.
    """
    every = set(tasks)
    pending = {task for task in every if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*every, return_exceptions=True)
