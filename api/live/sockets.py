"""Our WebSockets: each signs in first, counts toward its user's limits, and ends with its user's rights.

Their protocols are in `topics.py` and `echo.py`; docs/reference/streams.md describes both.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.bearer import bearer_token
from api.bodies import has_more_parts
from api.live.ending import stop
from api.live.rights import Rights
from api.live.subscriptions import SubscriptionParts
from api.user_limits import MESSAGES_A_SECOND, MESSAGES_AT_ONCE, MessageRate, OpenByUser
from chimera.db.engine import AWAY, SESSION_AWAY
from chimera.limits.rates import RateKind, Rates
from chimera.security.sessions import Auth, SignedIn
from chimera.security.sign_ins import place_of
from chimera.security.tickets import Tickets
from models.errors import (
    KeyCannotRead,
    LimitReached,
    NotSignedIn,
    TicketRefused,
    TokenRefused,
    TooManyRequests,
    TwoCredentials,
)
from models.streams import CLIENT_MESSAGE, Authenticate
from models.users import Caller

log = structlog.get_logger()

SIGN_IN_SECONDS = 10.0
SEND_SECONDS = 5.0
MAX_PARTS = 50
"""Maximum number of strings, commas and brackets in a message. No documented message has ten."""

SIGNED_OUT = 4401
TOO_SLOW = 4408
TOO_MANY = 4429
GOING_AWAY = 1001
POLICY_VIOLATION = 1008


class End(NamedTuple):
    """The code and reason with which a socket is closed."""

    code: int
    reason: str = ""


SIGN_IN_AGAIN = End(SIGNED_OUT, "Sign in again.")
TOO_SLOWLY = End(TOO_SLOW, "The client is reading too slowly. Reconnect, and continue with 'after'.")
TOO_FAST = End(
    TOO_MANY,
    f"Too many messages. Send at most {MESSAGES_A_SECOND:g} messages per second, in bursts of at most"
    f" {MESSAGES_AT_ONCE}.",
)


class SocketParts(SubscriptionParts, Protocol):
    """The parts of the process that a socket needs; `api/deps.py` has all parts."""

    @property
    def auth(self) -> Auth: ...

    @property
    def rights(self) -> Rights: ...

    @property
    def tickets(self) -> Tickets: ...

    @property
    def open_sockets(self) -> OpenByUser: ...

    @property
    def rates(self) -> Rates: ...


class Socket(ABC):
    """One client's connection, from the handshake to its end. Each kind of end has a close code; the first counts."""

    def __init__(self, websocket: WebSocket, parts: SocketParts) -> None:
        self._websocket = websocket
        self._parts = parts
        self._end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._is_counted = False
        """Whether the sign-in has counted toward the limit of its address."""

    @abstractmethod
    async def _take(self, caller: Caller, text: str | None) -> End | None:
        """Handle a message; `text` is None if it is binary. Return an End to close the socket."""

    def _work(self) -> list[asyncio.Task[None]]:
        """Return the background tasks to stop when the socket ends."""
        return []

    async def serve(self) -> None:
        """Run the protocol until either side closes the socket, which has already been accepted."""
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                signed_in = await self._sign_in()
        except (TokenRefused, TwoCredentials) as error:
            # A reason may have at most 123 bytes.
            await self._close(End(SIGNED_OUT, str(error)))
            return
        except (NotSignedIn, TimeoutError):
            await self._close(
                End(SIGNED_OUT, 'First send {"type": "authenticate", "token": "…"}, or "ticket" with a new ticket.')
            )
            return
        except TooManyRequests as error:
            await self._close(
                End(TOO_MANY, f"This address has reached the limit set by CHIMERA_{error.setting.upper()}.")
            )
            return
        except (*AWAY, *SESSION_AWAY):
            await self._close(End(GOING_AWAY, "The database isn't responding. Reconnect later."))
            return
        except WebSocketDisconnect:
            return
        try:
            async with self._parts.open_sockets.one_more(signed_in.caller.user_id):
                await self._serve(signed_in)
        except LimitReached as error:
            # A reason may have at most 123 bytes.
            await self._close(End(TOO_MANY, f"This user has reached the limit set by CHIMERA_{error.setting.upper()}."))

    async def _serve(self, signed_in: SignedIn) -> None:
        receiving = asyncio.create_task(self._receive(signed_in.caller))
        receiving.add_done_callback(lambda ended: self._end_with(_end_of(ended)))
        try:
            with self._parts.rights.held(signed_in, lambda: self._end_with(SIGN_IN_AGAIN)):
                await self._close(await self._end)
        finally:
            await stop([receiving, *self._work()])

    def _end_with(self, end: End) -> None:
        if not self._end.done():
            self._end.set_result(end)

    async def _sign_in(self) -> SignedIn:
        """Authenticate the caller. As with requests, a failed try counts toward the limit of the caller's address.

        Raises NotSignedIn and TooManyRequests.
        """
        try:
            signed_in = await self._signed_in()
            if not signed_in.caller.may_read:
                raise KeyCannotRead
        except NotSignedIn:
            await self._count()
            raise
        return signed_in

    async def _signed_in(self) -> SignedIn:
        if (token := bearer_token(self._websocket)) is not None:
            return await self._parts.auth.signed_in(token)
        if (ticket := self._websocket.query_params.get("ticket")) is not None:
            return await self._redeemed(ticket)
        first = await self._first_message()
        if first.ticket is not None:
            return await self._redeemed(first.ticket)
        return await self._parts.auth.signed_in(first.token or "")

    async def _redeemed(self, ticket: str) -> SignedIn:
        # Counted before, because only the database knows which tickets there are.
        await self._count()
        try:
            return await self._parts.tickets.redeem(ticket)
        except NotSignedIn:
            raise TicketRefused from None

    async def _count(self) -> None:
        if not self._is_counted:
            self._is_counted = True
            client = self._websocket.client
            await self._parts.rates.take(RateKind.ADDRESS, place_of(client.host if client else ""))

    async def _first_message(self) -> Authenticate:
        try:
            text = await self._websocket.receive_text()
            if has_more_parts(text.encode(), MAX_PARTS):
                raise NotSignedIn
            message = CLIENT_MESSAGE.validate_json(text)
        except (ValidationError, KeyError) as error:
            raise NotSignedIn from error
        if not isinstance(message, Authenticate):
            raise NotSignedIn
        return message

    async def _receive(self, caller: Caller) -> End:
        # Sent in this task, so that the socket can end meanwhile: the client may be gone by now.
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

    async def _send(self, message: dict[str, object]) -> None:
        await self._sent(self._websocket.send_text(to_json(message).decode()))

    async def _sent(self, sending: Awaitable[None]) -> None:
        # Only a timer, because `asyncio.timeout` costs a quarter as much as sending. A task that waits here is stopped
        # when the socket ends.
        limit = asyncio.get_running_loop().call_later(SEND_SECONDS, self._end_with, TOO_SLOWLY)
        try:
            await sending
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            # The client is gone, which `_receive` can't notice if it is the task that waits here.
            self._end_with(End(GOING_AWAY))
            await asyncio.Event().wait()
        finally:
            limit.cancel()

    async def _close(self, end: End) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.close(end.code, end.reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("socket_gone", code=end.code)


def _end_of(ended: "asyncio.Task[End]") -> End:
    if ended.cancelled():
        return End(GOING_AWAY)
    error = ended.exception()
    if error is None:
        return ended.result()
    log.error("socket_failed", error=type(error).__name__, exc_info=error)
    return End(GOING_AWAY)


def is_own_origin(websocket: WebSocket, allowed: tuple[str, ...]) -> bool:
    """Return whether a browser page may open this socket: only our own pages and those that the settings list may.

    Programs don't send an Origin header, but need a token or a ticket as well. What sends cookies without an origin is
    neither a program that follows these rules nor a browser, and cookies never open a socket.
    """
    origin = websocket.headers.get("origin")
    if origin is None:
        return "cookie" not in websocket.headers
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == websocket.headers.get("host")
