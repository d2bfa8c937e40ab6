"""Values of directives: how each is read, and the hint for one that is wrong."""

import re
import sys
from collections.abc import Callable

from chimera.simulator.directives import SHOWN_CHARS, Item, is_balanced

FOREVER = sys.maxsize
"""The number that the word `forever` stands for."""


def parsed(item: Item, problems: list[str]) -> object:
    """Return an item's value. If it is invalid, append the problem and return None."""
    try:
        if item.key == "sub":
            return _sub(item)
        return PARSERS[item.key](item.value)
    except (ValueError, OverflowError):
        known = f" Use {_VALUES[item.key]}." if item.key in _VALUES else ""
        problems.append(f"{item.value[:SHOWN_CHARS]!r} is not a valid value for {item.key!r}.{known}")
        return None


def count_of(value: str) -> int:
    """Read a number of turns or levels, which may be `forever`. Raises ValueError, also for a negative number."""
    count = FOREVER if value == "forever" else int(value)
    if count < 0:
        raise ValueError(value)
    return count


def count_text(count: int) -> str:
    """Write a number as `count_of` reads it."""
    return "forever" if count == FOREVER else str(count)


def one_less(count: int) -> int:
    """Return the number for the next level below: one less, or still `forever`."""
    return count if count == FOREVER else count - 1


def _size(value: str) -> int:
    return int(float(value))


def _flag(value: str) -> bool:
    return bool(int(value))


def _cut(value: str) -> str:
    if not re.fullmatch(r"(after|quiet):\d+B?|in_tool_args(:(broken|done|length))?", value):
        raise ValueError(value)
    return value.rstrip("B")


def _bad_plan(value: str) -> str:
    if value not in ("cyclic", "garbage", "unknown_agent"):
        raise ValueError(value)
    return value


def _sub(item: Item) -> str:
    """Return the directives of a subtask, separated by semicolons. Outside of braces, they are separated by commas."""
    value = item.value.strip() if item.form == "braced" else item.value.replace(",", "; ")
    # It is handed on in braces.
    if not is_balanced(value):
        raise ValueError(value)
    return value


PARSERS: dict[str, Callable[[str], object]] = {
    "times": int,
    "share": float,
    "model": str,
    "delay": float,
    "drip": float,
    "tokens": _size,
    "bytes": _size,
    "turns": count_of,
    "same": _flag,
    "say": str,
    "obey": _flag,
    "badjson": int,
    "wrongjson": int,
    "split": int,
    "chain": int,
    "sub": str,
    "agent": str,
    "nest": count_of,
    "status": int,
    "code": str,
    "retry_after": str,
    "hang": _flag,
    "cut": _cut,
    "finish": str,
    "html": _flag,
    "garbage": _flag,
    "shape": _flag,
    "null": _flag,
    "poison": _size,
    "badargs": _flag,
    "nousage": _flag,
    "badplan": _bad_plan,
}

_VALUES = {
    "cut": "after:N, quiet:N, in_tool_args, in_tool_args:broken, in_tool_args:done or in_tool_args:length",
    "badplan": "cyclic, garbage or unknown_agent",
    "turns": "a number or forever",
    "nest": "a number or forever",
    "sub": "directives in braces, such as sub={tokens=5; turns=2}, and close every brace in them",
}
