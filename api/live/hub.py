"""Follows tasks: past events from PostgreSQL, in order and without gaps; live text from Redis.

`Hub.batches` is the only implementation behind WebSocket topics and SSE. Each followed run has one channel in this
process, which reads and serialises each frame once. Clients pull: the next frame is taken when the previous one has
been sent, so a slow client doesn't cost memory, and no database connection is held while it waits. Redis announces new
events at once. Because Redis may be unavailable and a busy worker's announcement may be late, the hub also polls
several times per second, with one query for all followed tasks.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import aclosing, contextmanager
from uuid import uuid4

import structlog
from redis.exceptions import RedisError

from api.live.channel import AWAY_SECONDS, Channel, read
from api.live.ending import HubClosed, stop
from api.live.frames import Written
from chimera.bus import Bus
from chimera.db.engine import AWAY, READ_SECONDS, Database
from chimera.ledger import events
from chimera.store import replies, task_views
from chimera.store.task_views import LinkTo, Progress
from models.events import SnapshotFrame, TokensFrame
from models.ids import RunId
from models.replies import ReplyView
from models.runs import CLOSED, RunKind
from models.tasks import TaskView
from models.users import Caller

log = structlog.get_logger()

MAX_BEHIND = 5000
"""A client that missed more events than this gets a snapshot instead."""
LOOK_SECONDS = 0.1
LOOKS_SHARE = 0.02
"""Maximum share of a connection's time for polling. With very many runs, the hub polls less often."""
BLOCK_SECONDS = 2.0


class Hub:
    """One per process: reads the bus once for all followed runs, and distributes the entries."""

    def __init__(self, database: Database, bus: Bus, link_to: LinkTo) -> None:
        self._database = database
        self._bus = bus
        self._link_to = link_to
        self._name = uuid4().hex
        self._channels: dict[RunId, Channel] = {}
        self._wanted = asyncio.Event()
        self._is_closed = False
        self._work: list[asyncio.Task[None]] = []

    @property
    def is_closed(self) -> bool:
        """Whether this process is stopping, so that its streams have ended before their runs."""
        return self._is_closed

    def start(self) -> None:
        self._work = [asyncio.create_task(_kept_up(each)) for each in (self._read_bus, self._look)]

    async def close(self) -> None:
        """End all streams, so that clients reconnect elsewhere; safe to call twice."""
        self._is_closed = True
        await stop([*self._work, *(channel.close() for channel in self._channels.values())])

    async def progress(self, caller: Caller, run_id: RunId, kinds: Collection[RunKind] = (RunKind.TASK,)) -> Progress:
        """Return the progress of the caller's run of one of these kinds. Raises NotFound, also for another user's."""
        async with self._database.statements(READ_SECONDS) as connection:
            return await task_views.progress(connection, caller, run_id, kinds)

    async def follow(
        self, caller: Caller, run_id: RunId, after: int = 0, progress: Progress | None = None
    ) -> AsyncGenerator[Written]:
        """Yield the frames of `batches` one by one."""
        async with aclosing(self.batches(caller, run_id, after, progress)) as batches:
            async for batch in batches:
                for frame in batch:
                    yield frame

    async def batches(
        self, caller: Caller, run_id: RunId, after: int = 0, progress: Progress | None = None
    ) -> AsyncGenerator[list[Written]]:
        """Yield the events after the sequence number `after`, then live frames, until the task's last event.

        Streamed text comes between the events where it belongs, except the text of calls that have already ended.
        Raises NotFound if the caller has no such task (not checked if `progress` is given), or HubClosed if the process
        stops first.
        """
        progress = progress or await self.progress(caller, run_id)
        if progress.status in CLOSED:
            async for batch in self._replay(caller, run_id, after, progress):
                yield batch
            return
        with self._following(run_id) as channel:
            await channel.begun()
            known = max(channel.last_seq, progress.last_seq)
            if not 0 <= known - after <= MAX_BEHIND:
                snapshot = await self._snapshot(caller, run_id, progress.kind)
                yield [snapshot]
                after = known = snapshot.seq
            channel.offer(known)
            async for batch in channel.frames(after, known):
                yield batch

    async def _replay(
        self, caller: Caller, run_id: RunId, after: int, progress: Progress
    ) -> AsyncIterator[list[Written]]:
        """Yield the events of an ended run that the client missed, or a snapshot if it missed too many."""
        last = progress.last_seq
        if not 0 <= last - after <= MAX_BEHIND:
            yield [await self._snapshot(caller, run_id, progress.kind)]
            return
        while after < last and (found := await read(self._database, run_id, after, last)):
            yield found
            after = found[-1].seq

    @contextmanager
    def _following(self, run_id: RunId) -> Iterator[Channel]:
        if self._is_closed:
            raise HubClosed
        channel = self._channels.get(run_id)
        if channel is None or channel.has_failed:
            channel = self._channels[run_id] = Channel(run_id, self._database, self._join)
        channel.followers += 1
        try:
            yield channel
        finally:
            channel.followers -= 1
            if not channel.followers:
                # A channel that failed may have been replaced.
                if self._channels.get(run_id) is channel:
                    del self._channels[run_id]
                channel.close()

    async def _join(self, channel: Channel) -> list[TokensFrame]:
        channel.position, backlog = await self._bus.backlog(channel.run_id)
        self._wanted.set()
        await self._bus.interrupt_reader(self._name)
        return backlog

    async def _snapshot(self, caller: Caller, run_id: RunId, kind: RunKind) -> Written:
        # Read the run first. Subtasks may then be newer than `seq`, and later events only repeat known facts.
        async with self._database.statements(READ_SECONDS) as connection:
            views = task_views if kind is RunKind.TASK else replies
            view: TaskView | ReplyView = await views.view(connection, caller, run_id, self._link_to)
        async with self._database.begin() as session:
            subtasks = await task_views.subtasks(session, run_id)
        frame = SnapshotFrame(
            run_id=run_id,
            seq=view.last_seq,
            task=view if isinstance(view, TaskView) else None,
            reply=view if isinstance(view, ReplyView) else None,
            subtasks=subtasks,
        )
        return Written(frame, frame.seq)

    async def _read_bus(self) -> None:
        while True:
            positions = {run_id: each.position for run_id, each in self._channels.items() if each.position}
            if not positions:
                self._wanted.clear()
                await self._wanted.wait()
                continue
            try:
                entries = await self._bus.read(positions, block=BLOCK_SECONDS, interrupt=self._name)
            except (RedisError, OSError) as error:
                log.warning("stream_without_redis", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            for run_id, entry_id, payload in entries:
                self._hand_on(run_id, entry_id, payload)

    def _hand_on(self, run_id: RunId, entry_id: str, payload: TokensFrame | int | None) -> None:
        channel = self._channels.get(run_id)
        # A channel that was closed and reopened meanwhile may already have read the entry in its backlog.
        if channel is None or channel.position is None or _order_of(entry_id) <= _order_of(channel.position):
            return
        channel.position = entry_id
        if payload is not None:
            channel.offer(payload)

    async def _look(self) -> None:
        seen: dict[RunId, int] = {}
        took_s = 0.0
        while True:
            await asyncio.sleep(max(LOOK_SECONDS, took_s / LOOKS_SHARE))
            if not self._channels:
                continue
            began = time.monotonic()
            try:
                async with self._database.statements() as connection:
                    newest = await events.last_seqs(connection, self._channels)
            except AWAY as error:
                log.warning("stream_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            took_s = time.monotonic() - began
            # Offer the previous poll's events, so that Redis's hint arrives first, with the text before its event.
            for run_id, seq in seen.items():
                if run_id in self._channels:
                    self._channels[run_id].offer(seq)
            seen = newest


async def _kept_up(loop: Callable[[], Awaitable[None]]) -> None:
    """Restart a loop after an unexpected error, because without the loop no user would receive live text.

    Each type of error is logged once.
    """
    logged: set[type[Exception]] = set()
    while True:
        try:
            await loop()
        except Exception as error:
            if type(error) not in logged:
                logged.add(type(error))
                log.error("stream_loop_failed", error=type(error).__name__, exc_info=error)
            await asyncio.sleep(AWAY_SECONDS)


def _order_of(entry_id: str) -> tuple[int, int]:
    """Return the sort key of a Redis stream ID: milliseconds, then number. `$` (Redis was unavailable) comes first."""
    milliseconds, _, number = entry_id.partition("-")
    return (int(milliseconds), int(number or 0)) if milliseconds.isdigit() else (0, 0)
