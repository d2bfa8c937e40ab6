"""Parameters of operations, and how their values are written into paths, queries and headers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from pydantic import JsonValue

from chimera.tools.base import ToolError
from chimera.tools.openapi.documents import BadDocument

STYLES = {
    "path": ("simple",),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
}
_SEPARATORS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_NOT_IN_SEGMENT = re.compile(r"[\x00-\x1f\x7f?#\\]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    place: str
    """`path`, `query` or `header`."""
    argument: str
    """Its name for models."""
    required: bool
    schema: dict[str, Any]
    style: str
    explode: bool
    as_json: bool = False
    """Whether the value is one JSON text."""


def style_of(parameter: Mapping[str, Any]) -> tuple[str, bool]:
    """Return how a parameter's arrays and objects are written, and whether in separate pieces. Raises BadDocument."""
    place = parameter["in"]
    style = parameter.get("style", "form" if place == "query" else "simple")
    if style not in STYLES[place]:
        raise BadDocument(f"the {place} parameter {parameter['name']!r} has the style {style!r}, which isn't supported")
    explode = parameter.get("explode", style in ("form", "deepObject"))
    return style, bool(explode)


def in_path(parameter: Parameter, value: JsonValue) -> str:
    """Return a value as one segment of a path.

    Raises ToolError for values that could change the path: empty ones, `?`, `#`, backslashes, and dots or nothing
    between slashes, also if they are encoded already.
    """
    pieces = [quote(_segment(parameter, piece), safe="") for piece in _pieces(parameter, value)]
    return ",".join(pieces)


def in_query(parameter: Parameter, value: JsonValue) -> Iterator[tuple[str, str]]:
    """Yield the names and values that a query has for a parameter, not yet encoded."""
    name = parameter.name
    if parameter.as_json:
        yield name, json.dumps(value)
    elif isinstance(value, dict) and parameter.style == "deepObject":
        yield from _deep(name, value)
    elif isinstance(value, dict) and parameter.explode:
        yield from ((key, written(each)) for key, each in value.items() if each is not None)
    elif isinstance(value, list) and parameter.explode:
        yield from ((name, written(each)) for each in value)
    elif isinstance(value, list | dict):
        separator = _SEPARATORS.get(parameter.style, ",")
        yield name, separator.join(_pieces(parameter, value))
    else:
        yield name, written(value)


def in_header(parameter: Parameter, value: JsonValue) -> str:
    """Return a value for a header. Raises ToolError for characters that a header can't contain."""
    text = ",".join(_pieces(parameter, value))
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise ToolError(f"{parameter.argument}: a header can contain only printable ASCII characters.")
    return text


def written(value: JsonValue) -> str:
    """Return a value in the form that URLs and forms use. Objects and lists within others become JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # Models write 2.0 where an integer is meant.
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _pieces(parameter: Parameter, value: JsonValue) -> list[str]:
    if parameter.as_json:
        return [json.dumps(value)]
    if isinstance(value, list):
        return [written(each) for each in value]
    if isinstance(value, dict) and parameter.explode:
        return [f"{key}={written(each)}" for key, each in value.items()]
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (key, written(each))]
    return [written(value)]


def _segment(parameter: Parameter, text: str) -> str:
    plain = unquote(unquote(text))
    parts = plain.split("/")
    if _NOT_IN_SEGMENT.search(plain) or any(part.strip() in ("", ".", "..") for part in parts):
        raise ToolError(
            f"{parameter.argument}: {text[:60]!r} can't be part of a path. Use a value without '?', '#', '\\', '.' or"
            " '..' between slashes, and not an empty one."
        )
    return text


def _deep(prefix: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _deep(f"{prefix}[{key}]", each)
    elif isinstance(value, list):
        for each in value:
            yield from _deep(prefix, each)
    elif value is not None:
        yield prefix, written(value)
