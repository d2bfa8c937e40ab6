"""The protocol of the WebSocket `/ws`: sign in, then subscribe to topics. docs/reference/streams.md describes it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.bodies import has_more_parts
from api.deps import Parts, bearer_token
from api.stream import HubClosed, stop
from chimera.auth import Auth
from chimera.db import task_views
from models.errors import ChimeraError, NotSignedIn, Unavailable
from models.events import Frame
from models.streams import CLIENT_MESSAGE, Authenticate, Ping, Subscribe, Topic, Unsubscribe, task_of
from models.users import Caller
from models.wording import sentence_of, told

log = structlog.get_logger()

SIGN_IN_SECONDS = 10.0
SEND_SECONDS = 5.0
RECHECK_SECONDS = 1.0
"""With the 3 s that an answer about a user's standing is believed: less than the 5 s that are promised."""
MAX_TOPICS = 50
MAX_PARTS = 50
"""Texts, commas and brackets of a message; none that is documented has ten."""

SIGNED_OUT = 4401
TOO_SLOW = 4408
GOING_AWAY = 1001
POLICY_VIOLATION = 1008


class Socket:
    """One client's connection, from the handshake to its end."""

    def __init__(self, websocket: WebSocket, parts: Parts) -> None:
        self._websocket = websocket
        self._parts = parts
        self._topics: dict[Topic, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._too_slow = asyncio.Event()

    async def serve(self) -> None:
        """Speak the protocol until either side has enough. The websocket is accepted already."""
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                token, caller = await self._sign_in()
        except (NotSignedIn, TimeoutError):
            await self._close(SIGNED_OUT, "send {type: authenticate, token} with a valid access token first")
            return
        except (SQLAlchemyError, OSError):
            await self._close(GOING_AWAY, "the database does not answer; try again")
            return
        except WebSocketDisconnect:
            return
        await self._send({"type": "authenticated"})
        ends = {
            asyncio.create_task(self._receive(caller)): (GOING_AWAY, ""),
            asyncio.create_task(until_rights_change(self._parts.auth, token, caller)): (SIGNED_OUT, "sign in again"),
            asyncio.create_task(self._fall_behind()): (TOO_SLOW, "you read too slowly; come back with after"),
        }
        try:
            ended, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await self._close(*ends[ended.pop()])
        finally:
            await stop([*ends, *self._topics.values()])

    async def _sign_in(self) -> tuple[str, Caller]:
        token = bearer_token(self._websocket)
        if token is None:
            try:
                text = await self._websocket.receive_text()
                if has_more_parts(text.encode(), MAX_PARTS):
                    raise NotSignedIn
                message = CLIENT_MESSAGE.validate_json(text)
            except (ValidationError, KeyError) as error:
                raise NotSignedIn from error
            if not isinstance(message, Authenticate):
                raise NotSignedIn
            token = message.token
        signed_in = await self._parts.auth.signed_in(token)
        return token, signed_in.caller

    async def _receive(self, caller: Caller) -> None:
        while True:
            try:
                text = await self._websocket.receive_text()
            except WebSocketDisconnect:
                return
            except KeyError:
                await self._refuse("invalid_message", "This is a binary message; send JSON as text.")
                continue
            if has_more_parts(text.encode(), MAX_PARTS):
                await self._refuse(
                    "invalid_message", "This has more in it than any message; send one that is documented."
                )
                continue
            try:
                await self._obey(caller, text)
            except ValidationError as error:
                first = told(error.errors())[0]
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
                await self._refuse("already_authenticated", "Open another socket to sign in as somebody else.")

    async def _subscribe(self, caller: Caller, topic: Topic, after: int) -> None:
        if topic in self._topics:
            await self._refuse("already_subscribed", "Unsubscribe first to start again elsewhere.", topic)
            return
        if len(self._topics) >= MAX_TOPICS:
            await self._refuse("too_many_topics", f"A socket has at most {MAX_TOPICS} topics; open another.", topic)
            return
        try:
            async with self._parts.database.begin() as session:
                progress = await task_views.progress(session, caller, task_of(topic))
        except ValueError:
            await self._refuse("not_found", "There is no such topic.", topic)
        except ChimeraError as error:
            await self._refuse(error.code, error.message, topic)
        except (SQLAlchemyError, OSError):
            away = Unavailable("The database")
            await self._refuse(away.code, away.message, topic)
        else:
            await self._send({"type": "subscribed", "topic": topic, "after": after, "last_seq": progress.last_seq})
            self._topics[topic] = asyncio.create_task(self._pump(caller, topic, after))

    async def _pump(self, caller: Caller, topic: Topic, after: int) -> None:
        try:
            async with aclosing(self._parts.hub.follow(caller, task_of(topic), after)) as frames:
                async for frame in frames:
                    # The topic goes in front of the frame's own fields, which are serialised once.
                    await self._send_text(f'{{"type":"{frame.kind}","topic":"{topic}",{frame.model_dump_json()[1:]}')
            await self._send({"type": "ended", "topic": topic})
        except ChimeraError as error:
            await self._refuse(error.code, error.message, topic)
        except (SQLAlchemyError, OSError):
            await self._refuse("unavailable", "The database does not answer; subscribe again.", topic)
        except HubClosed:
            log.debug("stream_closed", topic=topic)
        finally:
            if self._topics.get(topic) is asyncio.current_task():
                del self._topics[topic]

    async def _refuse(self, code: str, message: str, topic: Topic | None = None) -> None:
        await self._send({"type": "error", "code": code, "message": message, "topic": topic})

    async def _send(self, message: dict[str, object]) -> None:
        await self._send_text(to_json(message).decode())

    async def _send_text(self, text: str) -> None:
        try:
            async with self._sending, asyncio.timeout(SEND_SECONDS):
                await self._websocket.send_text(text)
        except TimeoutError:
            self._too_slow.set()
            # Whoever sends next would wait as long; the socket is being closed.
            await asyncio.Event().wait()
        except (WebSocketDisconnect, RuntimeError):
            # The client is gone; `_receive` notices.
            await asyncio.Event().wait()

    async def _fall_behind(self) -> None:
        await self._too_slow.wait()

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("socket_gone", code=code)


def is_own_origin(websocket: WebSocket, allowed: tuple[str, ...]) -> bool:
    """Say whether a browser page may open this socket: one of ours, or one that the settings list.

    Programs send no Origin. They bring a token all the same, and there are no cookies that a foreign page could use.
    """
    origin = websocket.headers.get("origin")
    if origin is None or origin in allowed:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == websocket.headers.get("host")


async def until_rights_change(auth: Auth, token: str, caller: Caller) -> None:
    """Return when the token has ended, its user may no longer use it, or may do more or less than `caller`."""
    while True:
        try:
            signed_in = await auth.signed_in(token)
            if signed_in.caller != caller:
                return
        except NotSignedIn:
            return
        except (SQLAlchemyError, OSError):
            await asyncio.sleep(RECHECK_SECONDS)
            continue
        await asyncio.sleep(min(RECHECK_SECONDS, max(0.1, signed_in.expires_at - time.time())))


async def while_allowed(auth: Auth, token: str, caller: Caller, frames: AsyncGenerator[Frame]) -> AsyncIterator[Frame]:
    """Yield `frames` for as long as the token is good for this caller and this process lives."""
    ending = asyncio.create_task(until_rights_change(auth, token, caller))
    try:
        async with aclosing(frames):
            while True:
                following = asyncio.ensure_future(anext(frames, None))
                await asyncio.wait({following, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    await stop([following])
                    return
                frame = following.result()
                if frame is None:
                    return
                yield frame
    except HubClosed:
        return
    finally:
        await stop([ending])
