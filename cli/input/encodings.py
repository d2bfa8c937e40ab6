"""A command's input and output in any locale: text is UTF-8, or is rejected with a message.

Loads nothing, because it goes before every command.
"""

import codecs
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ESCAPED = "chimera.escaped"
"""The streams' error handler: characters that they can't show are written as JSON escapes, so that JSON stays JSON."""


class NotText(ValueError):
    """Typed text is not UTF-8; the message names it and the remedy."""


def use_utf8() -> None:
    """Read standard input as UTF-8, and let no character end a command that only prints it."""
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
    """Return typed text. Raises NotText, naming it as `what`.

    Python escapes the bytes that its locale doesn't know. Where that knows only ASCII they may be UTF-8 all the same.
    """
    try:
        typed.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(typed).decode()
        except UnicodeError:
            seen = "" if secret else f", {typed.encode(errors='replace').decode()!r},"
            advice = (
                "Enter this text in UTF-8."
                if secret
                else "Enter this text in UTF-8. If it is a file name, rename the file."
            )
            raise NotText(f"{what}{seen} is not UTF-8. {advice}") from None
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
