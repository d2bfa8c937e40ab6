"""Splits the bytes of an answer into server-sent events, as the standard defines them and as servers send them.

Servers and proxies indent lines, write names in capitals, prefix data twice, omit the blank line between two events, or
break JSON across lines. Everything that can have only one meaning is accepted, because the answer is already paid for.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

from pydantic_core import from_json

from models.errors import AnswerTooLarge

BYTES_A_CHARACTER = 6
"""The maximum size of a character that JSON escapes."""
MOST_OVERHEAD_BYTES = 1_000_000
"""The maximum size of an event besides its text."""
ENDS = frozenset({"done", "end", "complete", "completed"})
"""Names of the event that closes a stream, for servers that send such an event instead of `[DONE]`."""

_BLANK_LINES = re.compile(rb"\n{3,}")
_FIELD = re.compile(rb"[ \t]*(data|event|id|retry)[ \t]*:", re.IGNORECASE)
_DATA_AGAIN = re.compile(r"(?:\s*data:)+\s*(?=[\[{])")
_DONE = re.compile(r'\s*"?\[done\]', re.IGNORECASE)


class Frames:
    """Splits bytes into events: pairs of a name and data. A body without events becomes data without names."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes_left = self._all_bytes = max_bytes * BYTES_A_CHARACTER + MOST_OVERHEAD_BYTES
        self._rest: list[bytes] = []
        self._kind = ""
        self._next_kind = ""
        """A name sent after the data, which belongs to this event, or to the next one if the blank line is missing."""
        self._data: list[str] = []
        self._broken: list[str] = []
        """Lines after the data that may be the rest of it."""
        self._other: list[str] = []
        self._other_bytes = 0
        self._is_first = True
        self._skips_newline = False

    def feed(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        """Yield the events that end in this chunk. Raises `AnswerTooLarge` for one that never ends."""
        self._bytes_left -= len(chunk)
        if self._bytes_left < 0:
            raise AnswerTooLarge(
                f"An event in the response exceeds the limit of {self._max_bytes} bytes per answer. Request a shorter"
                " answer, or raise CHIMERA_MAX_ANSWER_BYTES."
            )
        if self._skips_newline and chunk:
            self._skips_newline = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skips_newline = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # One blank line ends an event; further ones have no meaning.
        chunk = _BLANK_LINES.sub(b"\n\n", chunk)
        first, *lines = chunk.split(b"\n")
        self._rest.append(first)
        for line in lines:
            yield from self._line(b"".join(self._rest))
            self._rest = [line]

    def end(self) -> Iterator[tuple[str, str]]:
        """Yield the events that end with the body."""
        yield from self._line(b"".join(self._rest))
        self._rest = []
        yield from self._event()
        if self._other:
            yield "", "\n".join(self._other)
            self._other = []

    def _line(self, line: bytes) -> Iterator[tuple[str, str]]:
        if self._is_first:
            self._is_first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line or line.isspace():
            yield from self._event()
            return
        field = _FIELD.match(line)
        # An incomplete character from a model that writes bytes must not cause the loss of the answer.
        value = line[field.end() if field else 0 :].decode("utf-8", "replace")
        match field[1].lower() if field else b"":
            case b"data":
                again = _DATA_AGAIN.match(value)
                yield from self._data_line(value[again.end() :] if again else value.removeprefix(" "))
            case b"event":
                self._name(value.strip().lower())
            case b"id" | b"retry":
                self._bytes_left += len(line)
            case _ if line.startswith(b":") or line in (b"data", b"event", b"id", b"retry"):
                self._bytes_left += len(line)
            case _:
                yield from self._other_line(value)

    def _data_line(self, data: str) -> Iterator[tuple[str, str]]:
        if (data.lstrip()[:1] in ("{", "[") or self._next_kind != self._kind) and self._has_whole():
            # https://github.com/rexxars/eventsource-parser/pull/31
            yield from self._flushed()
        self._data.append(data)

    def _name(self, kind: str) -> None:
        self._next_kind = kind
        if not self._data:
            self._kind = kind

    def _event(self) -> Iterator[tuple[str, str]]:
        self._kind = self._next_kind or self._kind
        yield from self._flushed()
        self._kind = self._next_kind = ""

    def _flushed(self) -> Iterator[tuple[str, str]]:
        """Yield the event so far; fields of the next one are kept."""
        if self._data:
            self._bytes_left = self._all_bytes - self._other_bytes
            text = self._data[0] if len(self._data) == 1 else "\n".join(self._data)
            if self._broken and parsed(text) is None:
                text = "\n".join([text, *self._broken])
            yield self._kind, text
            self._data, self._broken = [], []
        elif self._kind in ENDS:
            yield self._kind, ""
        self._kind = self._next_kind

    def _has_whole(self) -> bool:
        """Return whether the data so far is one line with complete JSON, or the end of a stream."""
        if len(self._data) != 1 or not self._data[0].rstrip().endswith(("}", "]")):
            return False
        return is_done(self._data[0]) or isinstance(parsed(self._data[0]), dict | list)

    def _other_line(self, line: str) -> Iterator[tuple[str, str]]:
        """Read a line outside events: an object per line, an object across lines, or the rest of broken-up JSON."""
        is_whole = is_done(line) or (line.lstrip().startswith("{") and isinstance(parsed(line), dict))
        if is_whole and not self._other and (not self._data or self._has_whole()):
            yield from self._flushed()
            self._bytes_left = self._all_bytes
            yield "", line
        elif self._data:
            self._broken.append(line)
        else:
            self._other.append(line)
            self._other_bytes += len(line)


def is_done(data: str) -> bool:
    """Return whether this is the end of a chat-completions stream, in any form."""
    return _DONE.match(data) is not None


def parsed(text: str) -> object:
    """Parse JSON; None for invalid JSON."""
    try:
        return from_json(text)
    except (ValueError, TypeError):
        # `from_json` rejects half an emoji, which `clean_text` removes later, and tabs in strings. `json.loads` accepts
        # both, but takes five times as long.
        with suppress(ValueError, RecursionError):
            return json.loads(text, strict=False)
    return None
