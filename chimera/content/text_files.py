"""Reads files that users write: UTF-8 in any locale, and JSON errors with a line and a column."""

import codecs
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue
from pydantic_core import from_json

from chimera.content.json_names import name_twice

_MARKS: Mapping[bytes, str] = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The longer marks come first, because UTF-32's begins like UTF-16's."""

# The parser's messages, by their beginning, and what to do about each.
_WORDS: Mapping[str, str] = {
    "trailing comma": "A value is missing after the comma before this position. Remove the comma.",
    "EOF": "The file ends before the JSON value is complete. Check that nothing is missing.",
    "key must be a string": "Put the name in double quotes.",
    "expected `,`": "A comma or a closing bracket is missing before this position.",
    "expected `:`": "A colon is missing between a name and its value.",
    "expected value": "A value is expected here: a string in double quotes, a number, true, false, null, [ or {.",
    "expected ident": "Use true, false or null.",
    "trailing characters": "The JSON value ends before this position. Remove the rest.",
    "control character": "In a string, write a line break or tab as \\n or \\t.",
    "invalid escape": "In a string, write a backslash as \\\\.",
    "invalid number": "Use a number such as 3 or 0.5.",
    "recursion limit": "The value is nested too deeply.",
}
_ESCAPES = "This escape sequence doesn't encode a complete character. Use the character itself."


class NotReadable(ValueError):
    """A file doesn't have the required format. The message completes a sentence that begins with the file's name."""


def text_in(path: Path) -> str:
    """Read a text file, with or without a byte order mark. Raises NotReadable or OSError."""
    data = path.read_bytes()
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            raise NotReadable(f"is {name}. Save the file as UTF-8.")
    if b"\0" in data:
        raise NotReadable("is not UTF-8 text: it contains NUL bytes, as UTF-16 does. Save the file as UTF-8.")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotReadable(
            f"is not UTF-8 (line {line} has the byte 0x{data[error.start]:02x}). Save the file as UTF-8."
        ) from None


def json_in(path: Path) -> JsonValue:
    """Read a JSON file. Raises NotReadable or OSError."""
    text = text_in(path)
    if not text.strip():
        raise NotReadable("is empty. Add JSON to it.")
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise NotReadable(f"is not JSON: {json_problem_of(error, text)}") from None
    if (place := name_twice(text)) is not None:
        raise NotReadable(f"contains a duplicate name in one object: {place}. Remove one of the two.")
    return value


def json_problem_of(error: ValueError, text: str) -> str:
    """Reword an error of pydantic's JSON parser (`… at line 3 column 5`) for users, with its position."""
    message, _, place = str(error).rpartition(" at line ")
    line, _, column = place.partition(" column ")
    if not (line.isdecimal() and column.isdecimal()):
        return str(error)
    # The parser counts bytes.
    there = text.split("\n")[int(line) - 1].encode()[: int(column)].decode(errors="replace")
    words = _of_another_language(there) or next(
        (words for begin, words in _WORDS.items() if message.startswith(begin)), None
    )
    if words is None:
        words = _ESCAPES if "escape" in message or "surrogate" in message else f"{message}."
    return f"line {line}, column {max(1, len(there))}: {words}"


def _of_another_language(there: str) -> str | None:
    """Explain a common mistake. `there` is the line up to where the parser stopped."""
    match there[-1:]:
        case "/" | "#":
            return "JSON doesn't support comments. Remove the comment."
        case "'" | "“" | "”":
            return 'Put names and text in straight double quotes: "…".'
    return None
