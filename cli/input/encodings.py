"""What is typed into a command and what it may print, whatever the locale: text is UTF-8, or is refused in words.

Loads nothing, because it goes before every command.
"""

import codecs
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ESCAPED = "chimera.escaped"
"""The streams' way with what they can't show: they write it as JSON escapes it, so that JSON stays JSON."""


class NotText(ValueError):
    """Something that was typed is not UTF-8; the message says what, and the way out."""


def use_utf8() -> None:
    """Have standard input read as UTF-8, and no character end a command that only wanted to show it."""
    codecs.register_error(ESCAPED, _escaped)
    if sys.stdin is None:
        # Who started us closed it: `chimera login <&-`. Else the next file that is opened would be it.
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # What is no UTF-8 is looked for where it is used.
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Who started us closed it: `chimera run … >&-`.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPED)


def arguments_in(argv: Sequence[str]) -> list[str]:
    """Return the arguments as text. Raises NotText."""
    return [text_of(argument, f"Argument {number}") for number, argument in enumerate(argv, 1)]


def text_of(typed: str, what: str, *, secret: bool = False) -> str:
    """Return what was typed as text. Raises NotText, naming it as `what`.

    Python escapes the bytes that its locale doesn't know. Where that knows only ASCII they may be UTF-8 all the same.
    """
    try:
        typed.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(typed).decode()
        except UnicodeError:
            seen = "" if secret else f", {typed.encode(errors='replace').decode()!r},"
            way_out = "Write it in UTF-8." if secret else "Write it in UTF-8; if it names a file, rename that."
            raise NotText(f"{what}{seen} is not UTF-8. {way_out}") from None
    return typed


def path(typed: str) -> Path:
    """Read an argument as a path whose bytes are UTF-8, also where Python's locale can't write all of it."""
    try:
        os.fsencode(typed)
    except UnicodeEncodeError:
        return Path(os.fsdecode(typed.encode()))
    return Path(typed)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), error.end
