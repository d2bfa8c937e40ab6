"""The topic of a chat session: what happens to its replies, and the text that they stream.

The changes come from the feed, so that a client can resume them. Each reply that is open is followed like any run;
these frames aren't resumed, because a new subscription begins with the text so far.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Protocol

from starlette.websockets import WebSocket

from api.live.changes import Batch, Feed
from api.live.ending import stop
from api.live.frames import messages_of
from api.live.hub import Hub
from chimera.db.engine import Database
from chimera.ledger import open_replies
from chimera.store.task_views import Progress
from models.changes import Change, ChangesFrame, MissedFrame
from models.ids import RunId
from models.runs import RunKind, RunStatus
from models.streams import Topic
from models.users import Caller

QUEUED = 16
"""Maximum number of batches of all replies that wait for the client. Beyond that, the replies' channels keep them."""


class ConversationParts(Protocol):
    @property
    def hub(self) -> Hub: ...

    @property
    def feed(self) -> Feed: ...

    @property
    def database(self) -> Database: ...


class Conversation:
    """One subscription to a session."""

    def __init__(
        self, parts: ConversationParts, caller: Caller, topic: Topic, session_id: str, websocket: WebSocket
    ) -> None:
        self._parts = parts
        self._caller = caller
        self._topic = topic
        self._session_id = session_id
        self._websocket = websocket
        self._ready: asyncio.Queue[Sequence[Any] | Exception] = asyncio.Queue(QUEUED)
        self._work: dict[str, asyncio.Task[None]] = {}

    async def messages(self, after: str | None) -> AsyncGenerator[Sequence[Any]]:
        """Yield the acknowledgement's fields, then the frames of the session, without end."""
        async with aclosing(self._parts.feed.follow(self._caller, after)) as batches:
            yield [{"cursor": (await anext(batches)).cursor}]
            async with self._working():
                # After joining the feed, because it tells of later replies.
                await self._follow_open()
                self._begin("feed", self._take_changes(batches))
                while True:
                    found = await self._ready.get()
                    if isinstance(found, Exception):
                        raise found
                    yield found

    @asynccontextmanager
    async def _working(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await stop(list(self._work.values()))

    def _begin(self, name: str, work: Any) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._work[name] = task
        task.add_done_callback(lambda _: self._work.pop(name, None))

    async def _guarded(self, work: Any) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  the subscription reports it
            await self._ready.put(error)

    async def _follow_open(self) -> None:
        async with self._parts.database.begin() as session:
            found = await open_replies.open_in(session, self._session_id)
        for run_id, status, last_seq in found:
            self._follow(run_id, Progress(status, last_seq, RunKind.REPLY))

    def _follow(self, run_id: RunId, progress: Progress) -> None:
        if run_id not in self._work:
            self._begin(run_id, self._take_frames(run_id, progress))

    async def _take_frames(self, run_id: RunId, progress: Progress) -> None:
        following = self._parts.hub.batches(self._caller, run_id, progress.last_seq, progress)
        async with aclosing(following) as batches:
            async for batch in batches:
                await self._ready.put(messages_of(batch, self._topic, self._websocket))

    async def _take_changes(self, batches: AsyncGenerator[Batch]) -> None:
        async for batch in batches:
            if batch.changes is None:
                await self._ready.put([_message(MissedFrame(topic=self._topic, cursor=batch.cursor))])
                # Replies may have been accepted in the gap.
                await self._follow_open()
                continue
            shown: list[Change] = [
                each.run for each in batch.changes if each.run is not None and each.run.session_id == self._session_id
            ]
            if shown:
                frame = ChangesFrame(topic=self._topic, cursor=batch.cursor, changes=tuple(shown))
                await self._ready.put([_message(frame)])
            for each in batch.changes:
                is_new = each.run is not None and each.run.event.type == "run.accepted"
                if each.run is not None and is_new and each.run.session_id == self._session_id:
                    self._follow(each.run.run_id, Progress(RunStatus.QUEUED, each.run.seq, each.run.kind))


def _message(frame: ChangesFrame | MissedFrame) -> dict[str, Any]:
    return {"type": "websocket.send", "text": frame.model_dump_json()}
