"""JSON bodies: text that PostgreSQL can store, with a bound on how much is parsed at once.

The event loop parses and validates a body in one go. A megabyte of `[[],[],…` takes 150 ms, and the same number of
values of the wrong type takes seconds, because pydantic collects all errors before it reports any. Therefore, the parts
of a body are counted before it is parsed, its names are counted before it is validated, and lists in our contracts stop
at their first error.
"""

import re
from codecs import BOM_UTF8
from itertools import islice
from typing import Any

from fastapi import Request
from pydantic_core import from_json

from api.errors import Refused
from chimera.content.json_names import name_twice
from models.errors import InvalidInput, NameTwice, NotJson
from models.wording import MAX_NAME

MAX_PARTS = 20_000
"""Maximum number of strings, and of commas and opening brackets outside of strings, which take 20 ms on a busy core. A
plan of 200 subtasks that each depend on 30 others has 16,000."""
MAX_NAMES = 200
"""Maximum number of names in one object. No contract has as many, and pydantic reports each unknown name."""
# Every quote begins a match, even an unclosed one, so the search is linear for every input.
_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]', re.DOTALL)


_POINTED = re.compile(rb"\d(\.0|[eE])")
"""A body without a match has no whole number that is written with a point."""
_MOST_EXACT = 2**53


class StrictRequest(Request):
    """Accepts JSON in UTF-8 without lone surrogates, NaN or NUL, with at most 200 levels and MAX_PARTS parts."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = json_in(await self.body())
        return self._json


def json_in(body: bytes) -> Any:
    """Parse a body. Raises Refused.

    A byte order mark is ignored, as RFC 8259 allows; a duplicate name in an object is rejected.
    """
    body = body.removeprefix(BOM_UTF8)
    if has_more_parts(body, MAX_PARTS):
        raise Refused(
            InvalidInput(
                "body", f"The body contains more than {MAX_PARTS:,} strings, commas and brackets. Send a smaller body."
            )
        )
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(NotJson(str(error)[:200])) from None
    if rb"\u0000" in body and _has_nul(value):
        raise Refused(NotJson("a string contains a NUL character"))
    if (place := name_twice(body.decode())) is not None:
        raise Refused(NameTwice(place))
    _check_names(value)
    return _without_points(value) if _POINTED.search(body) else value


def has_more_parts(body: bytes, most: int) -> bool:
    """Return whether a text that may be JSON has more than `most` parts, without searching further than needed."""
    return next(islice(_PART.finditer(body), most, None), None) is not None


def _without_points(body: Any) -> Any:
    """Return a body with 3 for 3.0, which are the same number in JSON, while our types for whole numbers are strict."""
    root = [body]
    waiting: list[Any] = [root]
    while waiting:
        parent = waiting.pop()
        for place, value in parent.items() if isinstance(parent, dict) else enumerate(parent):
            if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_EXACT:
                parent[place] = int(value)
            elif isinstance(value, (dict, list)):
                waiting.append(value)
    return root[0]


def _check_names(body: Any) -> None:
    waiting: list[tuple[_Place, Any]] = [((), body)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            if len(value) > MAX_NAMES:
                problem = f"A JSON object can contain at most {MAX_NAMES} fields. Send fewer fields."
                raise Refused(InvalidInput(_written(place), problem))
            waiting += [((place, name), each) for name, each in value.items() if isinstance(each, (dict, list))]
        elif isinstance(value, list):
            waiting += [((place, index), each) for index, each in enumerate(value) if isinstance(each, (dict, list))]


_Place = tuple[Any, ...]
"""Path of a part of the body: its parent's path, and its name or index. Formatted only for an error."""


def _written(place: _Place) -> str:
    names: list[str] = []
    while place:
        place, name = place
        names.append(str(name)[:MAX_NAME])
    return ".".join(reversed(names)) or "body"


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)
