"""Topics over a WebSocket: clients subscribe to runs and receive their events."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocket

from api.bodies import has_more_parts
from api.errors import translated
from api.live.ending import HubClosed, stop
from api.live.frames import messages_of
from api.live.sockets import MAX_PARTS, Socket, SocketParts
from api.remedies import RemedyView, view_of
from chimera.db.engine import AWAY
from chimera.store.task_views import Progress
from models.errors import ChimeraError, NotFound, Unavailable
from models.runs import REPLIES, RunKind
from models.streams import CLIENT_MESSAGE, Authenticate, Ping, Subscribe, Topic, Unsubscribe, run_of
from models.users import Caller
from models.wording import reportable, sentence_of

log = structlog.get_logger()

MAX_TOPICS = 50
BUG = "This is a bug in Chimera. For details, search the log for the topic."


class Topics(Socket):
    """The protocol of `/ws`."""

    def __init__(self, websocket: WebSocket, parts: SocketParts) -> None:
        super().__init__(websocket, parts)
        self._topics: dict[Topic, asyncio.Task[None]] = {}

    def _work(self) -> list[asyncio.Task[None]]:
        return list(self._topics.values())

    async def _take(self, caller: Caller, text: str | None) -> None:
        if text is None:
            await self._refuse("invalid_message", "Binary messages are not supported. Send JSON in a text message.")
            return
        if has_more_parts(text.encode(), MAX_PARTS):
            await self._refuse(
                "invalid_message",
                "This message contains too many JSON elements. Send a message in the documented format.",
            )
            return
        try:
            await self._obey(caller, text)
        except ValidationError as error:
            first = reportable(error.errors())[0]
            place = ".".join(str(part) for part in first["loc"]) or "message"
            await self._refuse("invalid_message", f"{place}: {sentence_of(first)}")

    async def _obey(self, caller: Caller, text: str) -> None:
        match CLIENT_MESSAGE.validate_json(text):
            case Subscribe(topic=topic, after=after):
                await self._subscribe(caller, topic, after)
            case Unsubscribe(topic=topic):
                await stop([task] if (task := self._topics.pop(topic, None)) else [])
                await self._send({"type": "unsubscribed", "topic": topic})
            case Ping():
                await self._send({"type": "pong", "server_time": datetime.now(UTC)})
            case Authenticate():
                await self._refuse(
                    "already_authenticated",
                    "This WebSocket is already authenticated. To switch users, open another WebSocket.",
                )

    async def _subscribe(self, caller: Caller, topic: Topic, after: int) -> None:
        if topic in self._topics:
            await self._refuse(
                "already_subscribed",
                "You're already following this topic. To follow it from a different position, unsubscribe first.",
                topic,
            )
            return
        if len(self._topics) >= MAX_TOPICS:
            await self._refuse(
                "too_many_topics", f"A WebSocket can follow at most {MAX_TOPICS} topics. Open another WebSocket.", topic
            )
            return
        try:
            progress = await self._parts.hub.progress(caller, run_of(topic), (RunKind.TASK, *REPLIES))
        except ValueError:
            await self._fail(NotFound("topic", topic), topic)
        except (ChimeraError, *AWAY) as error:
            await self._fail(error, topic)
        else:
            await self._send({"type": "subscribed", "topic": topic, "after": after, "last_seq": progress.last_seq})
            self._topics[topic] = asyncio.create_task(self._pump(caller, topic, after, progress))

    async def _pump(self, caller: Caller, topic: Topic, after: int, progress: Progress) -> None:
        try:
            async with aclosing(self._parts.hub.batches(caller, run_of(topic), after, progress)) as batches:
                async for batch in batches:
                    for message in messages_of(batch, topic, self._websocket):
                        await self._sent(self._websocket.send(message))
            await self._send({"type": "ended", "topic": topic})
        except HubClosed:
            log.debug("stream_closed", topic=topic)
        except Exception as error:  # noqa: BLE001 without a frame, its client would wait for ever
            await self._fail(error, topic)
        finally:
            if self._topics.get(topic) is asyncio.current_task():
                del self._topics[topic]

    async def _fail(self, error: Exception, topic: Topic) -> None:
        """Report an error in the same way as a request for the same run would."""
        known = _known(error)
        if known is None:
            log.error("stream_failed", topic=topic, error=type(error).__name__, exc_info=error)
            await self._refuse(ChimeraError.code, BUG, topic)
            return
        await self._refuse(known.code, known.message, topic, view_of(known.remedy))

    async def _refuse(
        self, code: str, detail: str, topic: Topic | None = None, remedy: RemedyView | None = None
    ) -> None:
        await self._send({"type": "error", "code": code, "detail": detail, "topic": topic, "remedy": remedy})


def _known(error: Exception) -> ChimeraError | None:
    if isinstance(error, ChimeraError):
        return error
    return translated(error) or (Unavailable("The database") if isinstance(error, AWAY) else None)
