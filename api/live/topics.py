"""Topics over a WebSocket: clients subscribe to runs, lists and states, and receive what happens there."""

import asyncio
from contextlib import AsyncExitStack, ExitStack, aclosing
from datetime import UTC, datetime
from functools import partial

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocket

from api.bodies import has_more_parts
from api.errors import translated
from api.live.ending import HubClosed, stop
from api.live.sockets import MAX_PARTS, Socket, SocketParts
from api.live.subscriptions import Messages, messages_for
from api.remedies import RemedyView, view_of
from chimera.db.engine import AWAY, SESSION_AWAY
from models.errors import ChimeraError, NotFound, Unavailable
from models.streams import CLIENT_MESSAGE, Authenticate, Ping, Subscribe, Topic, Unsubscribe, is_of_run, run_of
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
        self._lost: set[Topic] = set()
        """Topics whose subscriptions are ending, because the user may no longer see their runs."""

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
            case Subscribe() as wish:
                await self._subscribe(caller, wish)
            case Unsubscribe(topic=topic, id=message_id):
                await stop([task] if (task := self._topics.pop(topic, None)) else [])
                await self._send({"type": "unsubscribed", "id": message_id, "topic": topic})
            case Ping(id=message_id):
                await self._send({"type": "pong", "id": message_id, "server_time": datetime.now(UTC)})
            case Authenticate():
                await self._refuse(
                    "already_authenticated",
                    "This WebSocket is already authenticated. To switch users, open another WebSocket.",
                )

    async def _subscribe(self, caller: Caller, wish: Subscribe) -> None:
        topic = wish.topic
        if topic in self._topics:
            await self._refuse(
                "already_subscribed",
                "You're already following this topic. To follow it from a different position, unsubscribe first.",
                wish,
            )
            return
        if len(self._topics) >= MAX_TOPICS:
            await self._refuse(
                "too_many_topics", f"A WebSocket can follow at most {MAX_TOPICS} topics. Open another WebSocket.", wish
            )
            return
        async with AsyncExitStack() as unless_followed:
            try:
                messages = messages_for(self._parts, caller, topic, wish.after, self._websocket)
                unless_followed.push_async_callback(messages.aclose)
                [fields] = await anext(messages)
            except HubClosed:
                log.debug("stream_closed", topic=topic)
                return
            except (ChimeraError, *AWAY, *SESSION_AWAY) as error:
                await self._fail(error, wish)
                return
            await self._send({"type": "subscribed", "id": wish.id, "topic": topic, **fields})
            unless_followed.pop_all()
            self._topics[topic] = asyncio.create_task(self._pump(caller, wish, messages))

    async def _pump(self, caller: Caller, wish: Subscribe, messages: Messages) -> None:
        topic = wish.topic
        try:
            with ExitStack() as rights:
                if is_of_run(topic):
                    rights.enter_context(self._parts.rights.seeing(caller, run_of(topic), partial(self._lose, topic)))
                async with aclosing(messages):
                    async for batch in messages:
                        for message in batch:
                            await self._sent(self._websocket.send(message))
            await self._send({"type": "ended", "topic": topic})
        except HubClosed:
            log.debug("stream_closed", topic=topic)
        except asyncio.CancelledError:
            if topic not in self._lost:
                raise
            await self._fail(NotFound("topic", topic), wish)
        except Exception as error:  # noqa: BLE001 without a frame, its client would wait forever
            await self._fail(error, wish)
        finally:
            self._lost.discard(topic)
            if self._topics.get(topic) is asyncio.current_task():
                del self._topics[topic]

    def _lose(self, topic: Topic) -> None:
        """End a subscription whose run its user may no longer see."""
        if (task := self._topics.get(topic)) is not None and topic not in self._lost:
            self._lost.add(topic)
            task.cancel()

    async def _fail(self, error: Exception, wish: Subscribe) -> None:
        """Report an error in the same way as a request for the same run would."""
        known = _known(error)
        if known is None:
            log.error("stream_failed", topic=wish.topic, error=type(error).__name__, exc_info=error)
            await self._refuse(ChimeraError.code, BUG, wish)
            return
        await self._refuse(known.code, known.message, wish, view_of(known.remedy))

    async def _refuse(
        self, code: str, detail: str, about: Subscribe | None = None, remedy: RemedyView | None = None
    ) -> None:
        where = {"id": about.id if about else None, "topic": about.topic if about else None}
        await self._send({"type": "error", "code": code, "detail": detail, **where, "remedy": remedy})


def _known(error: Exception) -> ChimeraError | None:
    if isinstance(error, ChimeraError):
        return error
    return translated(error) or (Unavailable("The database") if isinstance(error, AWAY) else None)
