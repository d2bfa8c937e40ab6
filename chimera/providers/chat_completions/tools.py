"""Assembles tool calls from the pieces in which servers send them.

OpenAI numbers its calls by `index`. Other servers number all of them 0, or none; send IDs late, in every piece, or
never; repeat the name; send arguments as an object, or repeat all earlier arguments in each piece. So a piece is
assigned to a call by whichever of ID, index and position identifies it. If the arguments are a complete object and a
name follows, the next call begins.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from chimera.content.text import clean_text
from chimera.providers.answers.tool_requests import arguments_in, arguments_of_each, known_name, whole_arguments
from chimera.providers.base import ToolRequest
from chimera.providers.wire.brackets import Brackets
from chimera.providers.wire.frames import parsed
from chimera.providers.wire.http import SizeLimit, check_calls
from chimera.providers.wire.values import dict_of, index_of, is_object, json_of, list_of, word_of

LEGACY = "function_call"
"""The key of the only call in the older format."""

_ARGUMENTS = ("arguments", "parameters", "input", "args")
"""Fields in which servers send arguments."""

Key = int | str


@dataclass(eq=False)
class _Call:
    key: Key | None
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    brackets: Brackets = field(default_factory=Brackets)
    is_broken: bool = False
    has_arguments: bool = False

    @property
    def text(self) -> str:
        """The arguments; if several calls are joined, those of all of them."""
        return arguments_in(self.arguments)

    def texts(self) -> list[str]:
        """Return the arguments of each call that is joined into this one."""
        return arguments_of_each(self.text)

    def is_whole(self) -> bool:
        """Return whether the pieces so far are a complete object.

        They are joined only if all brackets are closed, and never again once the result wasn't an object. If a server
        repeats the name in each piece, joining all pieces each time would take too long.
        """
        if self.is_broken or not self.brackets.are_closed_by(self.arguments):
            return False
        self.is_broken = not is_object(self.text)
        return not self.is_broken

    def begin_anew(self) -> None:
        """Forget the arguments."""
        self.arguments.clear()
        self.has_arguments = False
        self.brackets, self.is_broken = Brackets(), False


class ToolCalls:
    """The calls of one answer."""

    def __init__(self, size: SizeLimit, names: Collection[str] = ()) -> None:
        """`names` are the names of the offered tools."""
        self._size = size
        self._names = names
        self._calls: list[_Call] = []
        self._by_key: dict[Key | None, _Call] = {}
        self._by_id: dict[str | tuple[str, Key | None], _Call] = {}
        """The latest call with an ID, and with an ID and a number."""
        self._last: _Call | None = None
        """The call to which the last piece was added."""

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, parts: object) -> int:
        """Accept the pieces of one chunk; return how many were unknown. Raises `AnswerTooLarge`."""
        listed = _listed(parts)
        known = [part for part in listed if isinstance(part, dict)]
        for place, part in enumerate(known):
            index = index_of(part.get("index"))
            # Without numbers, pieces are identified by their position in the chunk.
            key: Key | None = index if index is not None else f"place {place}" if len(known) > 1 else None
            self._add(key, part)
        return len(listed) - len(known)

    def take_legacy(self, part: object) -> None:
        """Accept a piece of the older `function_call`."""
        if isinstance(part, dict):
            self._add(LEGACY, {"function": part})

    def made(self) -> tuple[ToolRequest, ...]:
        """Return the calls in order, each with a unique ID. Calls without a name are omitted."""
        calls = [call for call in self._calls if call.name]
        numbered = [call.key for call in calls if isinstance(call.key, int)]
        if len(set(numbered)) == len(calls):
            calls.sort(key=lambda call: call.key if isinstance(call.key, int) else 0)
        asked = {
            # A call that is repeated at the end, with the same ID and number, counts once.
            (call.id, call.key, call.name, text) if call.id else (call, text): (call, text)
            for call in calls
            for text in call.texts()
        }
        check_calls(len(asked))
        taken: set[str] = set()
        return tuple(self._request(place, call, text, taken) for place, (call, text) in enumerate(asked.values()))

    @property
    def nameless(self) -> int:
        """The number of calls with arguments but without a name. Calls without both don't request anything."""
        return sum(not call.name and call.text.strip() not in ("", "{}") for call in self._calls)

    @property
    def are_whole(self) -> bool:
        """Whether every call's arguments are readable. A tool without parameters is called without arguments."""
        return all(not text.strip() or is_object(text) for call in self._calls for text in call.texts())

    def _add(self, key: Key | None, part: dict[str, Any]) -> None:
        function = part.get("function")
        function = dict_of(parsed(function) if isinstance(function, str) else function) or part
        # Cleaned first, because cleaning may leave an ID or a name empty.
        id, name = clean_text(word_of(part.get("id"))), clean_text(word_of(function.get("name")))
        written = next((function[field] for field in _ARGUMENTS if function.get(field) is not None), None)
        arguments = json_of(written)
        call = self._find(key, id, name, arguments)
        if call is None:
            check_calls(len(self._calls) + 1)
            call = self._by_key[key] = _Call(key)
            self._calls.append(call)
        self._last = call
        if id and not call.id:
            call.id = id
            self._by_id[id] = self._by_id[id, call.key] = call
        call.name = self._longer(call, name) or call.name or name
        if isinstance(written, dict | list):
            # The arguments are complete; a repetition changes nothing.
            call.begin_anew()
        call.arguments.append(arguments)
        call.has_arguments = call.has_arguments or bool(arguments.strip())
        self._size.count(arguments + id + name)

    def _find(self, key: Key | None, id: str, name: str, arguments: str) -> _Call | None:
        """Find the call that a piece continues; None if it begins a new call."""
        if id:
            known = self._by_id.get(id)
            if known is not None and name and _differ(known.key, key):
                known = self._by_id.get((id, key))
            if known is not None:
                return None if self._begins(known, name, arguments) else known
        if key is None or (self._last is not None and self._last.key == key):
            found = self._last
        else:
            found = self._by_key.get(key)
            if found is None and self._last and not name and self._is_open(self._last, key, arguments):
                found = self._last
        if found is None or self._begins(found, name, arguments):
            return None
        if id and found.id not in ("", id) and not self._continues(found, name, arguments):
            return None
        return found

    def _is_open(self, call: _Call, key: Key | None, arguments: str) -> bool:
        """Return whether a piece without a name, but with a new number, can only belong to the last call."""
        # The server sends the number late, or increases it in the middle of the arguments.
        return not isinstance(call.key, int) or (
            isinstance(key, int) and bool(arguments.strip()) and call.has_arguments and not call.is_whole()
        )

    def _continues(self, call: _Call, name: str, arguments: str) -> bool:
        """Return whether a piece with another ID continues a call: some servers create a new ID for each piece."""
        if name:
            return call.has_arguments and not call.is_whole() and not arguments.lstrip().startswith("{")
        return bool(arguments.strip()) and bool(call.name) and not call.is_whole()

    def _begins(self, call: _Call, name: str, arguments: str) -> bool:
        """Return whether a piece with this name begins another call."""
        if not name or not call.name or self._longer(call, name):
            return False
        if name != call.name:
            return True
        return bool(arguments.strip()) and call.is_whole()

    def _longer(self, call: _Call, name: str) -> str:
        """Return a call's name extended by another piece; empty if `name` isn't a piece of its name."""
        if not name or not call.name or call.has_arguments or call.name in self._names:
            return ""
        names = (call.name + name, name if name.startswith(call.name) and name != call.name else "")
        return next((each for each in names if each and any(known.startswith(each) for known in self._names)), "")

    def _request(self, place: int, call: _Call, text: str, taken: set[str]) -> ToolRequest:
        number = call.key if isinstance(call.key, int) else place
        id = call.id
        while not id or id in taken:
            id, number = f"call_{number}", number + 1
        taken.add(id)
        return ToolRequest(id, known_name(call.name, self._names), clean_text(whole_arguments(text)))


def _listed(parts: object) -> list[Any]:
    """List the pieces of a chunk, which may also be an object with numbers as keys, or text."""
    if isinstance(parts, str):
        parts = parsed(parts)
    if isinstance(parts, dict) and parts and all("function" in dict_of(part) for part in parts.values()):
        return list(parts.values())
    return list_of(parts)


def _differ(one: Key | None, other: Key | None) -> bool:
    """Return whether two keys are different numbers, and thus mean different calls."""
    return isinstance(one, int) and isinstance(other, int) and one != other
