"""Directives: `[[sim: delay=2; tokens=50]]` in a prompt controls the simulator.

Directives are read from the first user message and from guidance, but never from other subtasks' results or from
replies, so that they can't spread. Misspelt ones are rejected with status 400, all of them at once: a test that injects
a fault must not pass without it. Valid directives without effect are handled in `idle`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Literal

Purpose = Literal["plan", "turn", "aggregate"]

# Matches don't extend past the next directive, and no character is tried twice: goals can have 100,000 characters, and
# the server has only this thread.
_DIRECTIVE = re.compile(
    r"\[\[\s*+sim(?:\s++(plan|turn|aggregate))?+\s*+:((?:[^\[\]]|\](?!\])|\[(?!\[\s*+sim\b))*+)\]\]"
)
_MISSPELT = re.compile(r"\[\[\s*sim\b(?!(?:\s+(?:plan|turn|aggregate))?\s*:)[^\]]{0,40}")
_SCOPES = ("plan", "turn", "aggregate")
_MOST_UNKNOWN = 8
_MOST_PROBLEMS = 4
"""All unknown keys together count as one problem."""
_SHOWN_CHARS = 30
_ITEM = re.compile(r'\s*+([a-z_]++)\s*+=\s*+(?:"([^"]*+)"\s*+|([^;"]*+))(?:;|$)')


class ScriptError(ValueError):
    """An invalid directive."""


@dataclass(frozen=True, slots=True)
class Script:
    """The merged directives of one request. Every key of the syntax is a field."""

    # When: only for the first `times` arrivals of a call (rounds of a plan), this share of all calls, or this model.
    times: int | None = None
    share: float = 1.0
    model: str = ""
    # Speed.
    delay: float = 0.0
    drip: float | None = None
    # Length.
    tokens: int | None = None
    bytes: int | None = None
    # Content.
    turns: int = 0
    tool: str = ""
    same: bool = False
    split: int | None = None
    chain: int | None = None
    sub: str = ""
    agent: str = ""
    nest: int = 0
    # Faults.
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
    badjson: int = 0

    @property
    def cuts_a_call(self) -> bool:
        """Whether the answer is cut in a tool call instead of in its text."""
        return self.cut.startswith("in_tool_args")

    def given(self) -> frozenset[str]:
        """Return the keys that differ from the defaults."""
        return frozenset(
            field.name for field in fields(self) if getattr(self, field.name) != getattr(_NOTHING, field.name)
        )

    def without_faults(self) -> "Script":
        """Return the script without its faults, for an arrival to which they don't apply."""
        return replace(self, **{name: getattr(_NOTHING, name) for name in FAULTS})


def read_script(texts: list[str], purpose: Purpose) -> Script:
    """Merge the directives in `texts` that apply to this purpose; later ones win. Raises `ScriptError`.

    `[[sim plan: …]]` applies only to planning. `[[sim: …]]` applies to turns, and to the aggregation for the goal that
    contains it.
    """
    words, values = "\n".join(texts), dict[str, str]()
    problems = [_misspelt(match[0]) for match in _MISSPELT.finditer(words)]
    for scope, body in _DIRECTIVE.findall(words):
        if scope == purpose or (not scope and purpose != "plan"):
            values |= _items(body, problems)
    parsed = {key: _parsed(key, value, problems) for key, value in values.items() if key in _PARSERS}
    problems[:0] = _unknown([key for key in values if key not in _PARSERS])
    if problems:
        raise ScriptError(" ".join(problems[:_MOST_PROBLEMS]))
    return Script(**parsed)  # type: ignore[arg-type]


def without_directives(text: str) -> str:
    """Remove the directives from a text that is to be repeated in an answer."""
    return _DIRECTIVE.sub("", text).strip() if "[[" in text else text.strip()


def _misspelt(directive: str) -> str:
    """Return the error for a directive with an unknown scope."""
    scope = re.match(r"\[\[\s*sim\s+([a-z]+)\s*:", directive)
    meant = get_close_matches(scope[1], _SCOPES, n=1) if scope else []
    forms = (
        f"[[sim {meant[0]}: …]]" if meant else "[[sim: …]], [[sim plan: …]], [[sim turn: …]] or [[sim aggregate: …]]"
    )
    return f"{directive[:_SHOWN_CHARS]!r} is not a directive. Use {forms}."


def _unknown(keys: list[str]) -> list[str]:
    """Return the error for unknown keys, with the likely intended ones."""
    if not keys:
        return []
    shown = keys[:_MOST_UNKNOWN]
    named = ", ".join(repr(key[:_SHOWN_CHARS]) for key in shown)
    if len(keys) > len(shown):
        named += f" and {len(keys) - len(shown)} more"
    close = [get_close_matches(key[:_SHOWN_CHARS], _PARSERS, n=1) for key in shown]
    meant = ", ".join(dict.fromkeys(repr(key) for found in close for key in found))
    advice = f"Did you mean {meant}?" if meant else "All directives are listed in docs/reference/simulator.md."
    return [f"There is no directive {named}. {advice}"]


def _items(body: str, problems: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    position, body = 0, body.strip()
    while position < len(body):
        item = _ITEM.match(body, position)
        if item is None:
            problems.append(
                f"{body[position : position + _SHOWN_CHARS]!r} is not a directive. Use the form key=value; key=value."
            )
            break
        values[item[1]] = item[2] if item[2] is not None else item[3].strip()
        position = item.end()
    return values


def _parsed(key: str, value: str, problems: list[str]) -> object:
    try:
        return _PARSERS[key](value)
    except (ValueError, OverflowError):
        known = f" Use {_VALUES[key]}." if key in _VALUES else ""
        problems.append(f"{value[:_SHOWN_CHARS]!r} is not a valid value for {key!r}.{known}")
        return None


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
    "badjson": int,
}

_VALUES = {
    "cut": "after:N, quiet:N, in_tool_args, in_tool_args:broken, in_tool_args:done or in_tool_args:length",
    "badplan": "cyclic, garbage or unknown_agent",
}

FAULTS = (
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
_NOTHING = Script()

assert set(_PARSERS) == {field.name for field in fields(Script)}
