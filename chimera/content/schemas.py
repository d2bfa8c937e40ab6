"""JSON Schemas from outside (draft 2020-12): whether one can be used, and which problems a value has.

Schemas may come from anyone, and a check can't be interrupted. So references are never fetched, patterns can't
backtrack without a limit, and schemas that would take too long are rejected: without recursion, the time for a check is
bounded by the size of the schema with all references resolved, multiplied by the size of the value.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

MAX_EXPANDED = 5000
"""Maximum number of objects and lists in a schema, if each reference counts as often as it is followed."""
MAX_WORK = 5_000_000
"""Maximum product of a schema's and a value's size: some seconds in the worst case."""
MAX_PROBLEMS = 5
MAX_PROBLEM_CHARS = 200
_BACKTRACKS = 10_000
_DEFINITIONS = ("$defs", "definitions")
_BASES = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor")
"""Keywords that change what a reference means."""


def is_usable(schema: object) -> str | None:
    """Return why a schema can't be used, as a sentence with the remedy; None if it can. Never raises."""
    try:
        return _problem_with(schema)
    except RecursionError:
        return "The schema is nested too deeply. Make it flatter."
    except Exception as error:  # noqa: BLE001  (whatever the library raises for a schema from outside)
        return f"The schema is invalid: {_short(str(error).partition(chr(10))[0])}"


def check(schema: Mapping[str, Any], value: JsonValue) -> list[str]:
    """Return up to five problems of a value, each with its path, and bounded in length; empty if the value matches.

    The schema should be usable. Never raises.
    """
    try:
        if _expanded(schema, schema, ()) * sum(1 for _ in _parts_of(value)) > MAX_WORK:
            return ["$: The value is too large to be checked. Make it smaller."]
        validator = _validator(schema)
        if validator.is_valid(value):
            return []
        return [_problem_of(error) for error in islice(validator.iter_errors(value), MAX_PROBLEMS)]
    except Exception as error:  # noqa: BLE001  (the library raises ValueErrors for text that isn't Unicode, and others)
        return [f"$: The value can't be checked ({type(error).__name__})."]


def _problem_with(schema: object) -> str | None:
    if not isinstance(schema, dict):
        return "The schema must be a JSON object."
    if _expanded(schema, schema, ()) > MAX_EXPANDED:
        return "The schema is too large once its references are resolved. Use fewer references."
    _validator(schema)
    return None


def _validator(schema: Mapping[str, Any]) -> "Draft202012Validator":
    # Imported here, because most processes check no schema.
    from jsonschema_rs import Draft202012Validator, FancyRegexOptions

    options = FancyRegexOptions(backtrack_limit=_BACKTRACKS)
    return Draft202012Validator(dict(schema), offline=True, pattern_options=options)


def _expanded(part: object, root: Mapping[str, Any], followed: tuple[str, ...]) -> int:
    """Count the objects and lists of a schema. Raises ValueError for references that can't be used.

    Stops soon after `MAX_EXPANDED`, so that the count itself takes no longer than that.
    """
    if isinstance(part, list):
        return _sum_of(part, root, followed)
    if not isinstance(part, dict):
        return 0
    if name := next((name for name in _BASES if isinstance(part.get(name), str) and part is not root), None):
        raise ValueError(f"{name} isn't supported. Use $ref with the path of a definition, such as '#/$defs/item'.")
    inner = [value for name, value in part.items() if name not in _DEFINITIONS or part is not root]
    size = _sum_of(inner, root, followed)
    reference = part.get("$ref")
    if isinstance(reference, str) and size <= MAX_EXPANDED:
        if reference in followed:
            raise ValueError(f"{reference!r} is recursive. Describe a fixed number of levels instead.")
        size += _expanded(_target(reference, root), root, (*followed, reference))
    return size


def _sum_of(parts: list[Any], root: Mapping[str, Any], followed: tuple[str, ...]) -> int:
    size = 1
    for part in parts:
        size += _expanded(part, root, followed)
        if size > MAX_EXPANDED:
            break
    return size


def _target(reference: str, root: Mapping[str, Any]) -> object:
    """Return the part of the schema that a reference names. Raises ValueError if there is none."""
    if reference != "#" and not reference.startswith("#/"):
        raise ValueError(f"{reference!r} isn't in the schema. Use $ref only with paths such as '#/$defs/item'.")
    part: Any = root
    for name in reference.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
            part = part[int(name)]
        elif isinstance(part, dict) and name in part:
            part = part[name]
        else:
            raise ValueError(f"There is nothing at {reference!r} in the schema.")
    return part


def _parts_of(value: object) -> Iterator[object]:
    """Yield a JSON value and everything in it."""
    left = [value]
    while left:
        part = left.pop()
        yield part
        if isinstance(part, dict):
            left += part.values()
        elif isinstance(part, list):
            left += part


def _problem_of(error: Any) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
    return _short(f"${path}: {error.message}")


def _short(text: str) -> str:
    return text if len(text) <= MAX_PROBLEM_CHARS else text[: MAX_PROBLEM_CHARS - 1] + "…"
