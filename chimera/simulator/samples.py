"""Small JSON values that match a JSON Schema. Text in them is marked as simulated where the schema allows it."""

from typing import Any

from chimera.simulator.patterns import text_matching
from chimera.simulator.prose import LABEL

Schema = dict[str, Any]

MAX_VALUES = 10_000
MAX_DEPTH = 60
MAX_LENGTH = 100_000
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "simulated@example.com",
    "hostname": "simulated.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/simulated",
    "uri-reference": "/simulated",
    "url": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "regex": "simulated",
    "json-pointer": "/simulated",
}


class _Endless(Exception):
    """A schema contains itself, or is too large."""


def sample_of(schema: Schema, mark: str = "") -> Any:
    """Return a small value that matches `schema`: only what is required, and as little of it as possible.

    `mark` is appended to text. A schema that contains itself in everything that it requires has no value; then, and if
    the schema is invalid, the result is an empty object. Keywords such as `not` and `if` are ignored.
    """
    try:
        return _Sampler(schema, mark).value(schema, "answer", 0, ())
    except (_Endless, RecursionError, TypeError, ValueError, AttributeError, LookupError):
        return {}


class _Sampler:
    """Generates a value. A reference is never followed inside itself: the smallest value doesn't need it."""

    def __init__(self, root: Schema, mark: str) -> None:
        self._root = root
        self._mark = mark
        self._left = MAX_VALUES

    def value(self, schema: Any, name: str, place: int, inside: tuple[str, ...]) -> Any:
        """Return a value for the property `name`, or for the element at `place` of a list that has this name."""
        self._left -= 1
        if self._left < 0 or len(inside) > MAX_DEPTH:
            raise _Endless
        schema, inside = self._resolved(schema, inside)
        for given in ("const", "enum", "default", "examples"):
            if given in schema and schema[given] != []:
                listed = given in ("enum", "examples") and isinstance(schema[given], list)
                return schema[given][place % len(schema[given])] if listed else schema[given]
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if alternatives:
            base = {key: schema[key] for key in schema if key not in ("anyOf", "oneOf")}
            return self._first_of(base, alternatives, name, place, inside)
        return self._of_type(_type_of(schema), schema, name, place, inside)

    def _first_of(self, base: Schema, alternatives: list[Any], name: str, place: int, inside: tuple[str, ...]) -> Any:
        """Return a value of the first alternative that has one."""
        for alternative in alternatives:
            try:
                resolved, deeper = self._resolved(alternative, inside)
                return self.value(_merged(base, resolved), name, place, (*deeper, ""))
            except _Endless:
                continue
        raise _Endless

    def _of_type(self, kind: str, schema: Schema, name: str, place: int, inside: tuple[str, ...]) -> Any:
        match kind:
            case "object":
                return self._object(schema, inside)
            case "array":
                return self._array(schema, name, inside)
            case "string":
                return _text(schema, name, f"{self._mark}{f' {place + 1}' if place else ''}", place)
            case "integer" | "number":
                return _number(schema, place, whole=kind == "integer")
            case "boolean":
                return place % 2 == 1
        return None

    def _object(self, schema: Schema, inside: tuple[str, ...]) -> dict[str, Any]:
        properties = _dict(schema.get("properties"))
        needed = [str(name) for name in schema.get("required") or ()]
        least = schema.get("minProperties", 0)
        needed += [name for name in properties if name not in needed][: max(0, least - len(needed))]
        needed += [f"property_{number}" for number in range(len(needed) + 1, min(least, MAX_LENGTH) + 1)]
        others = schema.get("additionalProperties", True)
        return {name: self.value(properties.get(name, others), name, 0, (*inside, "")) for name in needed}

    def _array(self, schema: Schema, name: str, inside: tuple[str, ...]) -> list[Any]:
        first = schema.get("prefixItems") or ()
        count = schema.get("minItems", 1 if schema.get("contains") else 0)
        rest = schema.get("items", schema.get("contains", True))
        if "contains" in schema and rest is True:
            rest = schema["contains"]
        return [
            self.value(first[place] if place < len(first) else rest, name, place, (*inside, ""))
            for place in range(min(count, MAX_LENGTH))
        ]

    def _resolved(self, schema: Any, inside: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """Follow references, and merge `allOf`."""
        if not isinstance(schema, dict):
            return {}, inside
        while isinstance(reference := schema.get("$ref"), str):
            if reference in inside:
                raise _Endless
            inside = (*inside, reference)
            schema = {**self._target(reference), **{key: schema[key] for key in schema if key != "$ref"}}
        for part in schema.get("allOf") or ():
            resolved, inside = self._resolved(part, inside)
            schema = _merged({key: schema[key] for key in schema if key != "allOf"}, resolved)
        return schema, inside

    def _target(self, reference: str) -> Schema:
        target: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            target = target[int(key)] if isinstance(target, list) and key.isdigit() else _dict(target).get(key)
        return _dict(target)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _merged(one: Schema, other: Schema) -> Schema:
    properties = {**_dict(one.get("properties")), **_dict(other.get("properties"))}
    required = list(dict.fromkeys([*(one.get("required") or ()), *(other.get("required") or ())]))
    lists = {"properties": properties, "required": required}
    return {**one, **other, **{key: value for key, value in lists.items() if value}}


def _type_of(schema: Schema) -> str:
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return next((str(kind) for kind in kinds if kind != "null"), "null")
    if isinstance(kinds, str):
        return kinds
    if "properties" in schema or "required" in schema or "minProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema or "minItems" in schema:
        return "array"
    return "number" if "minimum" in schema or "multipleOf" in schema else "string"


def _text(schema: Schema, name: str, mark: str, place: int) -> str:
    if "pattern" in schema:
        return text_matching(str(schema["pattern"]), schema.get("minLength", 0), place)
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    text = _FORMATS.get(schema.get("format", ""), f"{LABEL} {name}{mark}")
    text = text if least <= len(text) else text.ljust(min(least, MAX_LENGTH), ".")
    # Numbered from the end, so that short texts of a list differ, too.
    return text if most is None or len(text) <= most else f"{text}{place or ''}"[-most:] if most else ""


def _number(schema: Schema, place: int, *, whole: bool) -> int | float:
    step = schema.get("multipleOf") or (1 if whole else 0.5)
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    lowest = max((bound for bound in (least, above) if isinstance(bound, int | float)), default=None)
    highest = min((bound for bound in (most, below) if isinstance(bound, int | float)), default=None)
    if lowest is None:
        lowest = 0 if highest is None or highest > 0 else highest - step * (place + 2)
    count = -(-lowest // step)
    if count * step == above:
        count += 1
    number = (count + place) * step
    if highest is not None and (number > highest or number == below) and lowest < highest:
        number = (lowest + highest) / 2
    return int(number) if number == int(number) else number
