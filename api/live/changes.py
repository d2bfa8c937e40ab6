"""Follows lists: one query several times per second finds what has changed for all followers of this process.

The rows are the stored events and notifications. No hint is needed, and Redis isn't involved. A cursor is a sealed
snapshot (`ledger/changes.py`); it is the same for all topics, and works in every process.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from api.cursors import Cursors
from api.live.channel import AWAY_SECONDS
from api.live.ending import HubClosed, stop
from chimera.db.engine import AWAY, READ_SECONDS, Database
from chimera.ledger import changes
from chimera.ledger.changes import Changed, Snapshot
from models.changes import Change, ChangesFrame, ChangeTopic, MissedFrame, RunChange
from models.ids import UserId
from models.runs import REPLIES, RunKind
from models.users import Caller

log = structlog.get_logger()

LOOK_SECONDS = 0.2
LOOKS_SHARE = 0.02
"""Maximum share of a connection's time for polling."""
MOST_LOOK_SECONDS = 1.0
"""The longest pause. A busy machine makes a look slow, but no list may stand still because of that."""
MAX_CHANGES = 1000
"""A client that missed more changes than this is told to load the list again."""
MAX_AGE = timedelta(hours=1)
"""The same applies to a client with an older cursor."""
MAX_WAITING = 256
"""Maximum number of batches that wait for a slow client."""
LIST = "live changes"
"""The name that cursors are sealed for. They contain nothing about a user."""

View = Callable[[Changed], Change | None]


def _task(changed: Changed) -> Change | None:
    return changed.run if changed.run is not None and changed.run.kind is RunKind.TASK else None


VIEWS: Mapping[ChangeTopic, View] = {
    "runs": lambda changed: changed.run,
    "tasks": _task,
    "approvals": lambda changed: changed.approval,
    "notifications": lambda changed: changed.notification,
}
"""What each topic shows of a change; None if the topic isn't about it."""


class Batch(NamedTuple):
    """The changes up to a cursor; None if there are too many."""

    cursor: str
    changes: tuple[Changed, ...] | None


class _Follower:
    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.batches: deque[Batch] = deque()
        self.news = asyncio.Event()

    def offer(self, batch: Batch) -> None:
        if len(self.batches) >= MAX_WAITING:
            self.batches.clear()
            batch = Batch(batch.cursor, None)
        self.batches.append(batch)
        self.news.set()


class Feed:
    """One per process: reads what has changed once for all followers, and distributes it."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors
        self._followers: dict[UserId, set[_Follower]] = {}
        self._seen: Snapshot | None = None
        self._looking = asyncio.Lock()
        self._looks = self._looked = 0
        """The number of the newest look, and of the newest one that succeeded."""
        self._wanted = asyncio.Event()
        self._is_closed = False
        self._work: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._work = [asyncio.create_task(self._run())]

    async def close(self) -> None:
        """End all streams, so that clients reconnect elsewhere; safe to call twice."""
        self._is_closed = True
        await stop(self._work)
        for follower in self._all():
            follower.news.set()

    async def follow(self, caller: Caller, after: str | None = None) -> AsyncGenerator[Batch]:
        """Yield the cursor at which the stream begins, without changes, then what changes after it.

        With `after`, the changes after that cursor come first. Raises InvalidInput for a cursor from elsewhere,
        HubClosed if the process stops, and the database's error if it is away at the beginning.
        """
        before = self._opened(after) if after else None
        with self._following(caller) as follower:
            joined = await self._joined(follower)
            yield Batch(after or self._sealed(joined), ())
            if before is not None:
                yield await self._between(caller, before, joined)
            while True:
                while follower.batches:
                    yield follower.batches.popleft()
                if self._is_closed:
                    raise HubClosed
                follower.news.clear()
                await follower.news.wait()

    async def _joined(self, follower: _Follower) -> Snapshot:
        """Let a follower receive what changes from now on, after a snapshot that is at most as old as this call."""
        asked = self._looks
        async with self._looking:
            # A look that began meanwhile is new enough. When many clients reconnect, they share it.
            if self._looked <= asked:
                await self._look()
            assert self._seen is not None
            self._followers.setdefault(follower.caller.user_id, set()).add(follower)
            self._wanted.set()
            return self._seen

    @contextmanager
    def _following(self, caller: Caller) -> Iterator[_Follower]:
        if self._is_closed:
            raise HubClosed
        follower = _Follower(caller)
        try:
            yield follower
        finally:
            others = self._followers.get(caller.user_id, set())
            others.discard(follower)
            if not others:
                self._followers.pop(caller.user_id, None)

    async def _between(self, caller: Caller, before: Snapshot, until: Snapshot) -> Batch:
        cursor = self._sealed(until)
        # A cursor from before a restore of the database says nothing about it, and an old one is too expensive.
        if before.next_txid > until.next_txid or until.at - before.at > MAX_AGE:
            return Batch(cursor, None)
        async with self._database.statements(READ_SECONDS) as connection:
            _, found = await changes.since(
                connection,
                before,
                [caller.user_id],
                everyone=caller.role == "admin",
                limit=MAX_CHANGES + 1,
                until=until,
            )
        return Batch(cursor, None if len(found) > MAX_CHANGES else tuple(found))

    async def _run(self) -> None:
        took_s = 0.0
        while True:
            await asyncio.sleep(min(MOST_LOOK_SECONDS, max(LOOK_SECONDS, took_s / LOOKS_SHARE)))
            if not self._followers:
                self._wanted.clear()
                await self._wanted.wait()
            began = time.monotonic()
            try:
                async with self._looking:
                    await self._look()
            except AWAY as error:
                log.warning("changes_wait_for_database", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
            except Exception as error:
                # Without this loop, no list would be live anymore.
                log.error("changes_failed", error=type(error).__name__, exc_info=error)
                await asyncio.sleep(AWAY_SECONDS)
            took_s = time.monotonic() - began

    async def _look(self) -> None:
        """Read what has changed since the last look, and hand it on."""
        self._looks = number = self._looks + 1
        followers = self._all()
        async with self._database.statements(READ_SECONDS) as connection:
            if self._seen is None or not followers:
                self._seen, self._looked = await changes.now(connection), number
                return
            after, found = await changes.since(
                connection,
                self._seen,
                list(self._followers),
                everyone=any(each.caller.role == "admin" for each in followers),
                limit=MAX_CHANGES * 2 + 1,
            )
        self._seen, self._looked = after, number
        if not found:
            return
        cursor = self._sealed(after)
        if len(found) > MAX_CHANGES * 2:
            for follower in followers:
                follower.offer(Batch(cursor, None))
            return
        self._distribute(cursor, found)

    def _distribute(self, cursor: str, found: Sequence[Changed]) -> None:
        for user_id, followers in self._followers.items():
            for follower in followers:
                if shown := tuple(each for each in found if _may_see(follower.caller, user_id, each)):
                    follower.offer(Batch(cursor, shown))

    def _all(self) -> list[_Follower]:
        return [follower for followers in self._followers.values() for follower in followers]

    def _sealed(self, snapshot: Snapshot) -> str:
        return self._cursors.seal_text(f"{snapshot.shown} {snapshot.at.isoformat()}", LIST)

    def _opened(self, cursor: str) -> Snapshot:
        shown, _, at = self._cursors.open_text(cursor, LIST).partition(" ")
        return Snapshot(shown, datetime.fromisoformat(at))


def _may_see(caller: Caller, user_id: UserId, changed: Changed) -> bool:
    if changed.notification is not None:
        return changed.owner_id == user_id
    return caller.role == "admin" or changed.owner_id == user_id or user_id in changed.approvers


def frames_of(batch: Batch, topics: Collection[ChangeTopic], caller: Caller) -> list[ChangesFrame | MissedFrame]:
    """Return the frames of a batch, one for each topic that it is about."""
    if batch.changes is None:
        return [MissedFrame(topic=topic, cursor=batch.cursor) for topic in topics]
    frames: list[ChangesFrame | MissedFrame] = []
    for topic in topics:
        shown = [
            (each, view)
            for each in batch.changes
            if (view := VIEWS[topic](each)) is not None and (topic == "approvals" or _is_own(caller, each))
        ]
        if shown:
            readable = tuple(_readable(caller, each, view) for each, view in shown)
            frames.append(ChangesFrame(topic=topic, cursor=batch.cursor, changes=readable))
    return frames


def _readable(caller: Caller, changed: Changed, view: Change) -> Change:
    """Return a change as the caller may read it: only owners see what their replies say."""
    if not isinstance(view, RunChange) or view.kind not in REPLIES or changed.owner_id == caller.user_id:
        return view
    if "preview" not in type(view.event).model_fields:
        return view
    return view.model_copy(update={"event": view.event.model_copy(update={"preview": ""})})


def _is_own(caller: Caller, changed: Changed) -> bool:
    """Return whether a change isn't only about an approval of another user's run."""
    return caller.role == "admin" or changed.owner_id == caller.user_id
