"""Finds directives such as `[[sim: delay=2; ask="Which?"]]` in a text, and splits them into items.

A value is plain, in double quotes, or in braces. In braces, everything may occur that JSON may contain, also `;`, `]]`
and further directives, as long as the braces outside of JSON strings are balanced. Every text is read in one pass,
because prompts can have 100,000 characters, and the server has only one thread.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

SHOWN_CHARS = 30
"""How much of a wrong directive its error shows."""
THEN = "then"
"""The only item without a value."""

_SCOPES = ("plan", "turn", "aggregate")
_BEGIN = re.compile(r"\[\[\s*+sim\b")
_HEAD = re.compile(r"\[\[\s*+sim(?:\s++(plan|turn|aggregate))?+\s*+:")
# A directive in quotes would be ended by its own brackets.
_STOP = re.compile(r'\]\]|\[\[\s*+sim\b|=\s*+\{|=\s*+"(?:[^"\[\]]|\](?!\])|\[(?!\[\s*+sim\b))*+"')
_BRACE = re.compile(r'[^"{}]*+(?:"(?:[^"\\]|\\.)*+"|([{}]))', re.DOTALL)
_KEY = re.compile(r"\s*+([a-z_]++)\s*+(=\s*+|(?=;|$))")
_QUOTED = re.compile(r'"([^"]*+)"')
_PLAIN = re.compile(r'[^;"]*+')
_END = re.compile(r"\s*+(?:;|$)")


@dataclass(frozen=True, slots=True)
class Item:
    """A key with its value, for example `tokens=5`."""

    key: str
    value: str = ""
    form: Literal["plain", "quoted", "braced"] = "plain"
    """How the value was written. A braced value doesn't include its braces."""


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive's place in a text, its scope (may be empty), and its items up to the problem, if there is one."""

    start: int
    end: int
    scope: str | None = ""
    """None: the directive can't be read, and applies to every purpose."""
    items: Sequence[Item] = field(default=())
    problem: str = ""


def directives_in(text: str) -> Iterator[Directive]:
    """Yield the directives of a text in order, also the misspelt ones. A directive without an end is no directive."""
    begin = _BEGIN.search(text)
    while begin is not None:
        directive = _directive(text, begin)
        yield from [directive] if directive.end > directive.start or directive.problem else []
        begin = _BEGIN.search(text, max(directive.end, begin.end()))


def without_directives(text: str) -> str:
    """Remove the directives from a text that is to be repeated in an answer."""
    kept, position = [], 0
    for directive in directives_in(text) if "[[" in text else ():
        if directive.scope is not None:
            kept.append(text[position : directive.start])
            position = directive.end
    return "".join([*kept, text[position:]]).strip()


def written(scope: str, items: str) -> str:
    """Write a directive for a text that the simulator hands on; empty if it has no items."""
    return f" [[sim{scope and f' {scope}'}: {items}]]" if items else ""


def is_balanced(value: str) -> bool:
    """Return whether a value can be written in braces."""
    return _after_brace(f"{{{value}}}", 0) == len(value) + 2


def _directive(text: str, begin: re.Match[str]) -> Directive:
    """Read the directive at a place. Without an end, its `end` is its `start`."""
    start = begin.start()
    head = _HEAD.match(text, start)
    if head is None:
        return Directive(start, begin.end(), None, problem=_misspelt(text[start : start + 40]))
    position = head.end()
    while (stop := _STOP.search(text, position)) is not None:
        if stop[0] == "]]":
            items, problem = _items(text[head.end() : stop.start()].strip())
            return Directive(start, stop.end(), head[1] or "", items, problem)
        if stop[0].startswith("[["):
            break
        end = _after_brace(text, stop.end() - 1) if stop[0].endswith("{") else stop.end()
        if end is None:
            # Nothing after an open brace is read: otherwise, the end of each of many would be looked for in all of the
            # text.
            shown = text[stop.end() - 1 : stop.end() + SHOWN_CHARS]
            problem = f"The brace in {shown!r} is never closed. Add a closing brace."
            return Directive(start, len(text), None, problem=problem)
        position = end
    return Directive(start, start)


def _after_brace(text: str, position: int) -> int | None:
    """Return the place after the brace that closes the one at `position`; None if it is never closed."""
    depth = 0
    while (found := _BRACE.match(text, position)) is not None:
        position = found.end()
        depth += {"{": 1, "}": -1}.get(found[1] or "", 0)
        if depth == 0:
            return position
    return None


def _items(body: str) -> tuple[list[Item], str]:
    """Split a directive into its items, up to the first one that is wrong."""
    items: list[Item] = []
    position = 0
    while position < len(body):
        item, end = _item(body, position)
        if item is None:
            shown = body[position:].lstrip()[:SHOWN_CHARS]
            meant = get_close_matches(shown.partition(";")[0].strip(), [THEN])
            advice = f"Did you mean {THEN!r}?" if meant else "Use the form key=value; key=value."
            return items, f"{shown!r} is not a directive. {advice}"
        items.append(item)
        position = end
    return items, ""


def _item(body: str, position: int) -> tuple[Item | None, int]:
    """Read the item at a place, and return the place after it."""
    key = _KEY.match(body, position)
    if key is None or (not key[2] and key[1] != THEN):
        return None, position
    item, end = _value(body, key) if key[2] else (Item(THEN), key.end())
    after = _END.match(body, end)
    return (item, after.end()) if after else (None, position)


def _value(body: str, key: re.Match[str]) -> tuple[Item, int]:
    start = key.end()
    if body.startswith("{", start):
        end = _after_brace(body, start) or start
        return Item(key[1], body[start + 1 : end - 1], "braced"), end
    quoted = _QUOTED.match(body, start)
    if quoted is not None:
        return Item(key[1], quoted[1], "quoted"), quoted.end()
    plain = _PLAIN.match(body, start)
    assert plain is not None
    return Item(key[1], plain[0].strip()), plain.end()


def _misspelt(directive: str) -> str:
    """Return the error for a directive with an unknown scope."""
    shown = directive.partition("]")[0][:SHOWN_CHARS]
    scope = re.match(r"\[\[\s*sim\s+([a-z]+)\s*:", directive)
    meant = get_close_matches(scope[1], _SCOPES, n=1) if scope else []
    forms = (
        f"[[sim {meant[0]}: …]]" if meant else "[[sim: …]], [[sim plan: …]], [[sim turn: …]] or [[sim aggregate: …]]"
    )
    return f"{shown!r} is not a directive. Use {forms}."
