"""A WebSocket of ours: it signs in first, is counted, sends no faster than it may, and ends with its user's rights.

What is said over it is in `topics.py` and `echo.py`; docs/reference/streams.md describes both.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import NamedTuple
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.bodies import has_more_parts
from api.deps import Parts, bearer_token
from api.live.hub import HubClosed, stop
from api.user_limits import MESSAGES_A_SECOND, MESSAGES_AT_ONCE, MessageRate
from chimera.security.sessions import Auth
from models.errors import LimitReached, NotSignedIn
from models.events import Frame
from models.streams import CLIENT_MESSAGE, Authenticate
from models.users import Caller

log = structlog.get_logger()

SIGN_IN_SECONDS = 10.0
SEND_SECONDS = 5.0
RECHECK_SECONDS = 1.0
"""With the 3 s that an answer about a user's standing is believed: less than the 5 s that are promised."""
MAX_PARTS = 50
"""Texts, commas and brackets of a message; none that is documented has ten."""

SIGNED_OUT = 4401
TOO_SLOW = 4408
TOO_MANY = 4429
GOING_AWAY = 1001
POLICY_VIOLATION = 1008


class End(NamedTuple):
    """How a socket is closed."""

    code: int
    reason: str = ""


TOO_FAST = End(TOO_MANY, f"send at most {MESSAGES_A_SECOND:g} messages a second, {MESSAGES_AT_ONCE} at once")


class Socket(ABC):
    """One client's connection, from the handshake to its end."""

    def __init__(self, websocket: WebSocket, parts: Parts) -> None:
        self._websocket = websocket
        self._parts = parts
        self._sending = asyncio.Lock()
        self._too_slow = asyncio.Event()
        self._gone = asyncio.Event()

    @abstractmethod
    async def _take(self, caller: Caller, text: str | None) -> End | None:
        """Do what a message asks for; None is one that isn't text. Returns how to close, where it ends the socket."""

    def _work(self) -> list[asyncio.Task[None]]:
        """What goes on beside the messages, to be stopped with the socket."""
        return []

    async def _until_over(self) -> End:
        """Return when the socket has lived long enough; most never have."""
        await asyncio.Event().wait()
        raise AssertionError

    async def serve(self) -> None:
        """Speak the protocol until either side has enough. The websocket is accepted already."""
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                token, caller = await self._sign_in()
        except (NotSignedIn, TimeoutError):
            await self._close(End(SIGNED_OUT, "send {type: authenticate, token} with a valid access token first"))
            return
        except (SQLAlchemyError, OSError):
            await self._close(End(GOING_AWAY, "the database does not answer; try again"))
            return
        except WebSocketDisconnect:
            return
        try:
            with self._parts.open_sockets.one_more(caller.user_id):
                await self._serve(token, caller)
        except LimitReached as error:
            # A reason has room for 123 bytes.
            await self._close(End(TOO_MANY, f"this user has as many sockets as CHIMERA_{error.setting.upper()} allows"))

    async def _serve(self, token: str, caller: Caller) -> None:
        ends = {
            asyncio.create_task(end)
            for end in (
                self._receive(caller),
                self._until_rights_change(token, caller),
                self._until_behind(),
                self._until_over(),
                self._until_gone(),
            )
        }
        try:
            ended, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await self._close(_end_of(ended.pop()))
        finally:
            await stop([*ends, *self._work()])

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

    async def _receive(self, caller: Caller) -> End:
        # Here, where the other ends are waited for as well: a client may be gone by now.
        await self._send({"type": "authenticated"})
        rate = MessageRate()
        while True:
            text: str | None
            try:
                text = await self._websocket.receive_text()
            except WebSocketDisconnect:
                return End(GOING_AWAY)
            except KeyError:
                text = None
            if not rate.takes():
                return TOO_FAST
            if (end := await self._take(caller, text)) is not None:
                return end

    async def _until_rights_change(self, token: str, caller: Caller) -> End:
        await until_rights_change(self._parts.auth, token, caller)
        return End(SIGNED_OUT, "sign in again")

    async def _until_behind(self) -> End:
        await self._too_slow.wait()
        return End(TOO_SLOW, "you read too slowly; come back with after")

    async def _until_gone(self) -> End:
        await self._gone.wait()
        return End(GOING_AWAY)

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
            # The client is gone, and `_receive` may be the one that waits here.
            self._gone.set()
            await asyncio.Event().wait()

    async def _close(self, end: End) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.close(end.code, end.reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("socket_gone", code=end.code)


def _end_of(ended: "asyncio.Task[End]") -> End:
    error = ended.exception()
    if error is None:
        return ended.result()
    log.error("socket_failed", error=type(error).__name__, exc_info=error)
    return End(GOING_AWAY)


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
