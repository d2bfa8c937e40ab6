"""Lenient readers of a server's JSON: values in the required type, whatever type was sent.

Nothing here raises. A value without a clear meaning is None, empty or omitted.
"""

import json
import math
from typing import Any

MAX_FIGURE = 2**31 - 1
"""The largest token count: the limit of the ledger's columns, and more than any model reads."""

_DIGITS = 10
"""The number of digits of `MAX_FIGURE`."""


def word_of(value: object) -> str:
    """Read an ID or a name: text, or a number as text."""
    if isinstance(value, str):
        return value.strip()
    return _number(value)


def text_of(value: object) -> str:
    """Read text unchanged, or a number as text."""
    return value if isinstance(value, str) else _number(value)


def json_of(value: object) -> str:
    """Read JSON, sent as text or as an object, as text."""
    if isinstance(value, dict | list):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            return ""
    return text_of(value)


def figure_of(value: object) -> int | None:
    """Read a count: an integer, a float, or text. None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_FIGURE:
        return None
    return int(value)


def index_of(value: object) -> int | None:
    """Read an index: a whole number of any sign, or digits as text. None for anything else."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and len(value) <= _DIGITS and value.strip().isdecimal():
        return int(value)
    return None


def dict_of(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Read a list; a single object counts as a list with one item."""
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else []


def first_of(listed: object) -> dict[str, Any] | None:
    """Find the requested choice, number 0. A choice without a number is numbered by its position."""
    for place, choice in enumerate(list_of(listed)):
        index = index_of(dict_of(choice).get("index"))
        if isinstance(choice, dict) and (place if index is None else index) == 0:
            return choice
    return None


def is_object(text: str) -> bool:
    """Return whether a text is a complete JSON object."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def names_in(listed: object) -> tuple[str, ...] | None:
    """Return the sorted names of a list of models; None for anything else.

    Some servers list strings, or use "name" instead of "id".
    """
    entries = dict_of(listed).get("data", dict_of(listed).get("models", listed))
    if not isinstance(entries, list):
        return None
    names = (entry if isinstance(entry, str) else _name_in(dict_of(entry)) for entry in entries)
    return tuple(sorted({name for name in names if name}))


def _name_in(entry: dict[str, Any]) -> str:
    return next(filter(None, (text_of(entry.get(key)) for key in ("id", "name", "model"))), "")


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    try:
        return str(value)
    except ValueError:
        # The number has more digits than Python converts to text.
        return ""
