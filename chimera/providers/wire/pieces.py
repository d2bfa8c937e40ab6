"""Reads the body of an answer as JSON objects: the only reader of a vendor's stream.

The SDKs' own readers end an answer at the first element that they don't know: an event without data, a comment in place
of data, a line that isn't JSON. Here, such elements are skipped, because everything that was written is paid for. The
form of a body is recognized from its bytes: server-sent events, one JSON object per line, or one JSON document. Media
types are wrong too often to be relied on.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from chimera.providers.wire.frames import ENDS, Frames, is_done, parsed
from models.errors import AnswerTooLarge, Malformed

if TYPE_CHECKING:
    import httpx2

DRAIN_S = 0.1
"""How long to wait for the end of a body after its last event, so that the connection can be reused."""
MAX_VALUES = 50_000
"""Maximum number of values in one event: more than a model writes in an answer. Reading more takes 0.1 s or longer."""
MAX_SKIPPED = 200_000
"""Maximum number of meaningless pieces in an answer: more than a model has tokens for."""
MAX_LISTS = 4
"""Maximum number of nested lists around the objects of an event."""
SLICE_BYTES = 64 * 1024
"""How many bytes of a body are read at a time: a few compressed kilobytes may become megabytes."""
SHARE_BYTES = 64 * 1024
"""Bytes to read before yielding to other tasks: a reader that never waits would block its worker's heartbeats."""
STEP_BYTES = 256
"""The cost of a step besides its bytes, expressed in bytes."""
_DONE_CHARS = len("[DONE]")

_NO_ANSWER = ("image/", "audio/", "video/", "font/")
_GLUE = re.compile(r"[\s,]*(?:data:\s*)?")
_KEEP_ALIVES = frozenset({"ping", "keepalive", "keep-alive", "keep_alive", "heartbeat", "heart-beat"})
_ANSWER_KEYS = ("choices", "candidates", "content_block", "delta", "usage", "usageMetadata")


class Piece(NamedTuple):
    """One event: its name, if it has one, and its JSON. `DONE` is the last event of a stream."""

    kind: str
    body: dict[str, Any]


DONE = Piece("done", {})


class ErrorInAnswer(Exception):
    """The server reported a failure inside its answer. `body` is its report, of any shape."""

    def __init__(self, body: object) -> None:
        super().__init__("an error in an answer")
        self.body = body


class Pieces(AsyncIterator[Piece]):
    """Reads a response to its end. Raises `ErrorInAnswer`, `AnswerTooLarge`, and the HTTP library's errors."""

    def __init__(self, response: "httpx2.Response", max_bytes: int) -> None:
        self.response = response
        self.skipped = 0
        """The number of meaningless pieces; keep-alives don't count."""
        self.words = ""
        """The first meaningless piece that is text: a gateway's reason for not sending an answer."""
        self._bytes = response.aiter_bytes()
        self._frames = Frames(max_bytes)
        self._slices: Iterator[bytes] = iter(())
        self._ready: Iterator[tuple[str, str]] = iter(())
        self._items: Iterator[tuple[str, object]] = iter(())
        """The remaining items of the last event, if it was a list."""
        self._is_done = False
        self._share_left = SHARE_BYTES

    async def __anext__(self) -> Piece:
        while True:
            if self.skipped > MAX_SKIPPED:
                raise AnswerTooLarge(
                    f"More than {MAX_SKIPPED} parts of the response were unreadable, so the call was aborted."
                )
            if (item := next(self._items, None)) is not None:
                await self._give_way(0)
                piece = self._sorted(*item, "null")
            elif (frame := next(self._ready, None)) is not None:
                await self._give_way(len(frame[1]))
                piece = self._piece(*frame)
            elif self._is_done:
                await self._drain()
                raise StopAsyncIteration
            else:
                await self._read_on()
                continue
            if piece is not None:
                return piece

    async def _read_on(self) -> None:
        """Prepare the events of the next slice of the body."""
        if (cut := next(self._slices, None)) is not None:
            await self._give_way(len(cut))
            self._ready = self._frames.feed(cut)
            return
        try:
            chunk = await anext(self._bytes)
        except StopAsyncIteration:
            self._is_done = True
            self._ready = self._frames.end()
        else:
            await self._give_way(0)
            self._slices = (chunk[place : place + SLICE_BYTES] for place in range(0, len(chunk), SLICE_BYTES))

    async def _give_way(self, size_bytes: int) -> None:
        """Yield to other tasks when this reader's share is used up."""
        self._share_left -= size_bytes + STEP_BYTES
        if self._share_left < 0:
            self._share_left = SHARE_BYTES
            await asyncio.sleep(0)

    def _piece(self, kind: str, data: str) -> Piece | None:
        if is_done(data):
            return self._ended()
        if data.count(",") > MAX_VALUES and _values_in(data) > MAX_VALUES:
            raise AnswerTooLarge(
                f"An event in the response has more than {MAX_VALUES} values. Request a shorter answer."
            )
        body = parsed(data)
        if body is None:
            body = _glued(data, 0) or (_glued(data, 1) if data.startswith("[") else None) or None
        if isinstance(body, list):
            # Gemini's form of an answer without events.
            self._items = ((kind, item) for item in _flat(body, MAX_LISTS))
            return None
        return self._sorted(kind, body, data)

    def _ended(self) -> Piece:
        self._is_done, self._ready, self._items = True, iter(()), iter(())
        return DONE

    def _sorted(self, kind: str, body: object, data: str) -> Piece | None:
        if body is DONE or (_closes(kind, body) and not _has_content(body)):
            return self._ended()
        if not isinstance(body, dict):
            if kind == "error":
                raise ErrorInAnswer(data if body is None else body)
            if not _is_keep_alive(kind, data):
                self.skipped += 1
                if body is None and not self.words and not data.lstrip().startswith(("<", "{", "[", "null")):
                    self.words = data
            return None
        if kind in _KEEP_ALIVES or body.get("type") in ("ping", "keepalive"):
            return None
        if is_error(kind, body):
            raise ErrorInAnswer(body)
        return Piece(kind, body)

    async def _drain(self) -> None:
        """Read the rest of the body. Failures are ignored, because the answer is already complete."""
        with suppress(Exception):
            async with asyncio.timeout(DRAIN_S):
                async for chunk in self._bytes:
                    await self._give_way(len(chunk))


def _glued(data: str, place: int) -> list[object]:
    """Read several values that a proxy joined in one event; anything after the last complete value is omitted.

    `place` is where the values begin: 1 skips the bracket of a list that never ends.
    """
    found: list[object] = []
    decoder = json.JSONDecoder(strict=False)
    with suppress(ValueError, RecursionError):
        while data[place : place + 1] in ("{", "["):
            if is_done(data[place : place + _DONE_CHARS]):
                return [*found, DONE]
            value, end = decoder.raw_decode(data, place)
            found.append(value)
            glue = _GLUE.match(data, end)
            place = glue.end() if glue else end
    return found


def _closes(kind: str, body: object) -> bool:
    """Return whether an event closes the stream by its name, or by a field."""
    return kind in ENDS or (isinstance(body, dict) and body.get("done") is True)


def _has_content(body: object) -> bool:
    return isinstance(body, dict) and any(body.get(key) for key in (*_ANSWER_KEYS, "error", "message"))


def _values_in(data: str) -> int:
    """Count the commas outside strings: one less than the values of each object or list."""
    outside = data.replace("\\\\", "").replace('\\"', "").split('"')[::2]
    return sum(part.count(",") for part in outside)


def _flat(items: list[Any], lists: int) -> Iterator[object]:
    """Yield the items of a list and of the lists inside it, down to a depth of `lists`."""
    for item in items:
        if isinstance(item, list) and lists > 1:
            yield from _flat(item, lists - 1)
        else:
            yield item


def is_error(kind: str, body: dict[str, Any]) -> bool:
    """Return whether an event reports a failure. A null or empty `error` doesn't."""
    error = body.get("error")
    if error and not (isinstance(error, dict) and not any(error.values())):
        return True
    if kind == "error" or body.get("object") == "error" or body.get("type") == "error":
        return True
    base = body.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (None, 0, "0"):
        # MiniMax sends `base_resp` in every piece.
        return True
    if kind in ("", "message") and not any(body.get(key) for key in _ANSWER_KEYS):
        failed = body.get("success") is False or body.get("status") in ("error", "failed")
        return bool(
            failed or body.get("detail") or body.get("errors") or body.get("error_msg") or body.get("error_code")
        )
    return False


def check_head(response: "httpx2.Response", provider: str) -> None:
    """Raise Malformed for images, audio, video and fonts.

    Every other type is parsed, because Flask's default type is that of web pages.
    """
    if response.headers.get("content-type", "").strip().lower().startswith(_NO_ANSWER):
        raise no_answer(response, provider)


def announces_stream(response: "httpx2.Response") -> bool:
    """Return whether the head announces events, by its media type or by having none."""
    return "event-stream" in response.headers.get("content-type", "text/event-stream").lower()


def no_answer(response: "httpx2.Response", provider: str) -> Malformed:
    content_type = response.headers["content-type"][:60]
    return Malformed(f"{provider} returned {content_type!r} instead of a stream. Check its address.")


def _is_keep_alive(kind: str, data: str) -> bool:
    """Return whether an event only keeps the connection alive: by its name, or by empty data or a comment as data."""
    return kind in _KEEP_ALIVES or not data.strip() or data.lstrip().startswith(":")
