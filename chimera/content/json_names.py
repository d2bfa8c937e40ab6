"""Finds duplicate names in a JSON object. Parsers keep the last one, and lose the values of the others."""

import json
from collections import Counter
from collections.abc import Sequence

Pairs = list[tuple[str, object]]


class _Object(tuple[tuple[str, object], ...]):
    """An object with all of its pairs, distinguishable from a list."""

    __slots__ = ()


class _Twice(Exception):
    """A name appears twice in an object."""


def name_twice(text: str) -> str | None:
    """Return the path of a name that appears twice in its object, such as `plan.0.key`; None if there is none.

    `text` is JSON that another parser has accepted. Numbers aren't read, and no objects are built: this takes 3 µs for
    an ordinary body, and for a megabyte of small objects about as long as parsing it.
    """
    try:
        _LOOK.decode(text)
    except _Twice:
        return _place_in(_READ.decode(text), ())
    return None


def _look(pairs: Pairs) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _Twice


_LOOK = json.JSONDecoder(object_pairs_hook=_look, parse_int=len, parse_float=len)
_READ = json.JSONDecoder(object_pairs_hook=_Object, parse_int=len, parse_float=len)


def _place_in(value: object, place: Sequence[str]) -> str | None:
    """Search a value recursively; its nesting isn't too deep for that."""
    if isinstance(value, _Object):
        name, times = Counter(name for name, _ in value).most_common(1)[0] if value else ("", 0)
        if times > 1:
            return ".".join((*place, name))
        inner = [(name, item) for name, item in value]
    elif isinstance(value, list):
        inner = [(str(index), item) for index, item in enumerate(value)]
    else:
        return None
    return next(filter(None, (_place_in(item, (*place, name)) for name, item in inner)), None)
