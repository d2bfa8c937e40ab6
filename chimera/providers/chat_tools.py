"""Tool calls put together from the pieces in which servers send them.

OpenAI numbers its calls by `index`. Others number all of them 0, or none; send ids late, in every piece, or never;
repeat the name; send arguments as an object. So a piece belongs to a call by whichever of id, index and place tells
them apart, and arguments that are a whole object, followed by a name, end one call and begin the next.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from chimera.providers.base import ToolRequest
from chimera.providers.brackets import Brackets
from chimera.providers.values import dict_of, index_of, is_object, json_of, list_of, word_of
from chimera.providers.wire import SizeLimit, check_calls
from chimera.text import clean_text

LEGACY = "function_call"
"""The key of the one call of the older form."""

_WRITTEN = re.compile(r"\s*<tool_call>\s*(\{.*?\})\s*(?:</tool_call>|\Z|(?=<tool_call>))", re.DOTALL)
WRITTEN_OPENING = "<tool_call>"

Key = int | str


@dataclass(eq=False)
class _Call:
    key: Key | None
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    brackets: Brackets = field(default_factory=Brackets)
    is_broken: bool = False

    @property
    def text(self) -> str:
        text = "".join(self.arguments)
        # Some begin with an empty object and go on with the real one.
        return text[2:] if text.startswith("{}") and is_object(text[2:]) else text

    def is_whole(self) -> bool:
        """Say whether the pieces so far are a whole object.

        They are joined only where all brackets are closed, and never again once that was no object: to join all for
        each takes too long, where a server says the name in each.
        """
        if self.is_broken or not self.brackets.are_closed_by(self.arguments):
            return False
        self.is_broken = not is_object(self.text)
        return not self.is_broken

    def begin_anew(self) -> None:
        """Forget the arguments."""
        self.arguments.clear()
        self.brackets, self.is_broken = Brackets(), False


class ToolCalls:
    """The calls of one answer."""

    def __init__(self, size: SizeLimit) -> None:
        self._size = size
        self._calls: list[_Call] = []
        self._by_key: dict[Key | None, _Call] = {}
        self._by_id: dict[str | tuple[str, Key | None], _Call] = {}
        """The latest of an id, and of an id and a number."""
        self._last: _Call | None = None
        """That a piece was added to."""

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, parts: object) -> int:
        """Take the pieces of one chunk in; return how many had no known meaning. Raises `AnswerTooLarge`."""
        listed = list_of(parts)
        known = [part for part in listed if isinstance(part, dict)]
        for place, part in enumerate(known):
            index = index_of(part.get("index"))
            # Without numbers, the place among the pieces of a chunk is what tells them apart.
            key: Key | None = index if index is not None else f"place {place}" if len(known) > 1 else None
            self._add(key, part)
        return len(listed) - len(known)

    def take_legacy(self, part: object) -> None:
        """Take a piece of the older `function_call` in."""
        if isinstance(part, dict):
            self._add(LEGACY, {"function": part})

    def made(self) -> tuple[ToolRequest, ...] | None:
        """The calls in their order, each with an id of its own. None where one has no name."""
        self._calls = [call for call in self._calls if call.name or call.text.strip()]
        if not all(call.name for call in self._calls):
            return None
        numbered = [call.key for call in self._calls if isinstance(call.key, int)]
        if len(set(numbered)) == len(self._calls):
            self._calls.sort(key=lambda call: call.key if isinstance(call.key, int) else 0)
        taken: set[str] = set()
        return tuple(self._request(place, call, taken) for place, call in enumerate(self._calls))

    @property
    def are_whole(self) -> bool:
        """The arguments of every call can be read; none are what a tool without parameters is called with."""
        return all(not call.text.strip() or is_object(call.text) for call in self._calls)

    def _add(self, key: Key | None, part: dict[str, Any]) -> None:
        function = dict_of(part.get("function")) or {name: part.get(name) for name in ("name", "arguments")}
        # Cleaned at once: what is left of an id or a name may be nothing.
        id, name = clean_text(word_of(part.get("id"))), clean_text(word_of(function.get("name")))
        told = function.get("arguments")
        arguments = json_of(told)
        call = self._find(key, id, name, arguments)
        if call is None:
            check_calls(len(self._calls) + 1)
            call = self._by_key[key] = _Call(key)
            self._calls.append(call)
        self._last = call
        if id and not call.id:
            call.id = id
            self._by_id[id] = self._by_id[id, call.key] = call
        call.name = call.name or name
        if isinstance(told, dict | list):
            # A whole one; one that comes again changes nothing.
            call.begin_anew()
        call.arguments.append(arguments)
        self._size.count(arguments + id + name)

    def _find(self, key: Key | None, id: str, name: str, arguments: str) -> _Call | None:
        """Find the call that a piece goes on with; None where it begins one."""
        if id:
            known = self._by_id.get(id)
            if known is not None and name and _differ(known.key, key):
                known = self._by_id.get((id, key))
            if known is not None:
                return None if _begins(known, name, arguments) else known
        if key is None or (self._last is not None and self._last.key == key):
            found = self._last
        else:
            found = self._by_key.get(key)
            if found is None and self._last and not isinstance(self._last.key, int) and not name:
                # A number that comes late.
                found = self._last
        if found is None or (id and found.id not in ("", id)) or _begins(found, name, arguments):
            return None
        return found

    def _request(self, place: int, call: _Call, taken: set[str]) -> ToolRequest:
        number = call.key if isinstance(call.key, int) else place
        id = call.id
        while not id or id in taken:
            id, number = f"call_{number}", number + 1
        taken.add(id)
        return ToolRequest(id, call.name, clean_text(call.text))


def _differ(one: Key | None, other: Key | None) -> bool:
    """Say whether two numbers say that these are two calls."""
    return isinstance(one, int) and isinstance(other, int) and one != other


def _begins(call: _Call, name: str, arguments: str) -> bool:
    """Say whether a piece with this name begins another call than this one."""
    if not name or not call.name:
        return False
    if name != call.name:
        return True
    return bool(arguments.strip()) and call.is_whole()


def calls_written_in(text: str) -> list[dict[str, Any]]:
    """Find the calls in a text that is nothing but calls, as Hermes' and Qwen's models write them; else none.

    Raises `AnswerTooLarge`.
    """
    found: list[dict[str, Any]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        check_calls(len(found) + 1)
        match = _WRITTEN.match(text, place)
        call = _written(match[1]) if match else None
        if match is None or call is None:
            return []
        found.append(call)
        place = match.end()
    return found


def _written(text: str) -> dict[str, Any] | None:
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(call, dict) or not word_of(call.get("name")):
        return None
    arguments = call.get("arguments", call.get("parameters", {}))
    return {"function": {"name": call["name"], "arguments": {} if arguments is None else arguments}}
