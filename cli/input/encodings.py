"""A command's input and output in any locale: text that is not UTF-8 is rejected with a message.

This module imports nothing heavy, because it runs before every command.
"""

import codecs
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ESCAPED = "chimera.escaped"
"""Error handler of the streams, which writes characters that they can't encode as JSON escapes, so that JSON stays
valid."""


MAX_SHOWN = 60
"""Maximum number of characters of an argument that an error shows."""


class NotText(ValueError):
    """Typed text is not UTF-8. The message names the text and the remedy."""


def use_utf8() -> None:
    """Read standard input as UTF-8, and prevent commands from failing because a character can't be printed."""
    codecs.register_error(ESCAPED, _escaped)
    if sys.stdin is None:
        # The caller closed it: `chimera login <&-`. Otherwise the next opened file would become standard input.
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # Bytes that aren't UTF-8 are checked where they are used.
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # The caller closed it: `chimera run … >&-`.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPED)


def arguments_in(argv: Sequence[str]) -> list[str]:
    """Return the arguments as text. Raises NotText."""
    return [text_of(argument, f"Argument {number}") for number, argument in enumerate(argv, 1)]


def text_of(typed: str, what: str, *, secret: bool = False) -> str:
    """Return typed text. Raises NotText, which calls the text `what`.

    Python escapes the bytes that its locale can't decode. If the locale supports only ASCII, they may still be UTF-8.
    """
    try:
        typed.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(typed).decode()
        except UnicodeError:
            seen = "" if secret else f", {_beginning_of(typed)!r},"
            advice = (
                "Enter this text in UTF-8."
                if secret
                else "Enter this text in UTF-8. If it is a file name, rename the file."
            )
            raise NotText(f"{what}{seen} is not UTF-8. {advice}") from None
    return typed


def piped_text(read: str, what: str) -> str:
    """Return text that was read from standard input. Raises NotText, which names a place but not the content.

    Unlike typed text, it may be long, or from a file that was not meant to be shown.
    """
    data = read.encode(errors="surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, number = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        place = f"byte {number:,} of line {line:,} is 0x{data[error.start]:02x}"
        raise NotText(f"{what} is not UTF-8: {place}. Pipe in text in UTF-8.") from None


def path(typed: str) -> Path:
    """Parse an argument as a path in UTF-8, even if Python's locale can't encode all of it."""
    try:
        os.fsencode(typed)
    except UnicodeEncodeError:
        return Path(os.fsdecode(typed.encode()))
    return Path(typed)


def _beginning_of(typed: str) -> str:
    text = typed.encode(errors="replace").decode()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), error.end
