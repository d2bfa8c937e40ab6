"""Directives: `[[sim: delay=2; tokens=50]]` in a prompt says how the simulator behaves.

Read in the first user message and in guidance, never in results of other subtasks or in replies, so that a directive
can't travel on its own. A misspelt one is refused with 400: a test that asks for a fault must not pass without it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

Purpose = Literal["plan", "turn", "aggregate"]

# Up to the next directive and no further, no character twice: goals have 100,000, and this is a server's only thread.
_DIRECTIVE = re.compile(
    r"\[\[\s*+sim(?:\s++(plan|turn|aggregate))?+\s*+:((?:[^\[\]]|\](?!\])|\[(?!\[\s*+sim\b))*+)\]\]"
)
_MISSPELT = re.compile(r"\[\[\s*sim\b(?!(?:\s+(?:plan|turn|aggregate))?\s*:)[^\]]{0,40}")
_ITEM = re.compile(r'\s*+([a-z_]++)\s*+=\s*+(?:"([^"]*+)"\s*+|([^;"]*+))(?:;|$)')


class ScriptError(ValueError):
    """A directive that nobody understands."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the directives of one request add up to. Every key of the syntax is a field."""

    # When: only the first `times` arrivals of a call (rounds of a plan), only this share of all calls, only this model.
    times: int | None = None
    share: float = 1.0
    model: str = ""
    # How fast.
    delay: float = 0.0
    drip: float | None = None
    # How much.
    tokens: int | None = None
    bytes: int | None = None
    # What.
    turns: int = 0
    tool: str = ""
    same: bool = False
    split: int | None = None
    chain: int | None = None
    sub: str = ""
    agent: str = ""
    nest: int = 0
    # What goes wrong.
    status: int | None = None
    code: str = ""
    retry_after: str = ""
    hang: bool = False
    cut: str = ""
    finish: str = ""
    html: bool = False
    garbage: bool = False
    shape: bool = False
    null: bool = False
    poison: int = 0
    badargs: bool = False
    nousage: bool = False
    badplan: str = ""

    def without_faults(self) -> "Script":
        """The same, for an arrival that the faults aren't meant for: speed, length and content stay."""
        return replace(self, **{name: getattr(_NO_FAULTS, name) for name in _FAULTS})


def read_script(texts: list[str], purpose: Purpose) -> Script:
    """Merge the directives in `texts` that are meant for this purpose; later ones win. Raises `ScriptError`.

    `[[sim plan: …]]` is for planning only; `[[sim: …]]` is for turns and for the aggregation of the goal it stands in.
    """
    words, values = "\n".join(texts), dict[str, str]()
    if misspelt := _MISSPELT.search(words):
        raise ScriptError(f"{misspelt[0]!r} is no directive; write [[sim: …]], [[sim plan: …]], turn or aggregate")
    for scope, body in _DIRECTIVE.findall(words):
        if scope == purpose or (not scope and purpose != "plan"):
            values |= _items(body)
    return Script(**{key: _parsed(key, value) for key, value in values.items()})  # type: ignore[arg-type]


def without_directives(text: str) -> str:
    """Leave the directives out of what is echoed."""
    return _DIRECTIVE.sub("", text).strip() if "[[" in text else text.strip()


def _items(body: str) -> dict[str, str]:
    values: dict[str, str] = {}
    position, body = 0, body.strip()
    while position < len(body):
        item = _ITEM.match(body, position)
        if item is None:
            raise ScriptError(f"{body[position : position + 40]!r} is no directive; write key=value; key=value")
        values[item[1]] = item[2] if item[2] is not None else item[3].strip()
        position = item.end()
    return values


def _parsed(key: str, value: str) -> object:
    parse = _PARSERS.get(key)
    if parse is None:
        raise ScriptError(f"there is no directive {key!r}; use one of {', '.join(_PARSERS)}")
    try:
        return parse(value)
    except ValueError:
        raise ScriptError(f"{value[:40]!r} is no value for {key!r}") from None


def _size(value: str) -> int:
    return int(float(value))


def _flag(value: str) -> bool:
    return bool(int(value))


def _cut(value: str) -> str:
    if not re.fullmatch(r"(after|quiet):\d+B?|in_tool_args", value):
        raise ValueError(value)
    return value.rstrip("B")


def _bad_plan(value: str) -> str:
    if value not in ("cyclic", "garbage", "unknown_agent"):
        raise ValueError(value)
    return value


_PARSERS: dict[str, Callable[[str], object]] = {
    "times": int,
    "share": float,
    "model": str,
    "delay": float,
    "drip": float,
    "tokens": _size,
    "bytes": _size,
    "turns": int,
    "tool": str,
    "same": _flag,
    "split": int,
    "chain": int,
    "sub": str,
    "agent": str,
    "nest": int,
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

_FAULTS = (
    "status",
    "hang",
    "cut",
    "finish",
    "html",
    "garbage",
    "shape",
    "null",
    "poison",
    "badargs",
    "nousage",
    "badplan",
    "delay",
)
_NO_FAULTS = Script()

assert set(_PARSERS) == {field.name for field in fields(Script)}
