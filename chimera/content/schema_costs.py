"""How much work a schema makes, before it is used.

A small schema can make a validator work for years: with references that double at each level, the same value is checked
2 ** 30 times. Schemas come from other people's servers, so the number of checks is counted first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

Counts = dict[int, int]
"""How often each schema, by its `id()`, is applied to one value."""

_IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE = ("not", "if", "then", "else", "propertyNames")
_IN_PLACE_MAPS = ("dependentSchemas", "dependencies")
_OF_ANY_NAME = ("additionalProperties", "unevaluatedProperties")
_OF_ITEMS = ("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains")
_REFUSED = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor")
_ANY = object()
_ITEM = object()
_CAP = 10**12


class Costs:
    """Counts the checks of a schema. Raises ValueError if it refers to itself without end, or in an unusual way."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes: dict[int, Mapping[str, Any]] = {}
        self._applied: dict[int, Counts] = {}
        try:
            self._check_all()
            self._levels = [self._applied_by(root, ())]
            self._most = [sum(self._levels[0].values())]
        except RecursionError:
            raise ValueError("The schema is nested too deeply.") from None

    def most(self, level: int) -> int:
        """Return how many schemas are applied to one value at most, `level` levels inside the whole value."""
        while len(self._levels) <= level and self._levels[-1]:
            self._descend()
        return self._most[level] if level < len(self._most) else 0

    def total(self, values: Sequence[int]) -> int:
        """Return the number of checks for a value, given the numbers of values at each of its levels."""
        return sum(count * self.most(level) for level, count in enumerate(values))

    def _check_all(self) -> None:
        """Look at every part once, so that none is found to be wrong in the middle of a call."""
        waiting: list[Any] = [self._root]
        seen: set[int] = set()
        while waiting:
            schema = waiting.pop()
            if isinstance(schema, Mapping) and id(schema) not in seen:
                seen.add(id(schema))
                self._applied_by(schema, ())
                waiting += [*self._in_place(schema), *(inner for _, inner in _inside(schema))]

    def _descend(self) -> None:
        groups: dict[object, Counts] = {}
        for key, times in self._levels[-1].items():
            for name, inner in _inside(self._nodes[key]):
                group = groups.setdefault(name, {})
                for applied, count in self._applied_by(inner, ()).items():
                    group[applied] = min(_CAP, group.get(applied, 0) + times * count)
        of_any = groups.get(_ANY, {})
        most, following = 0, Counts()
        for name, group in groups.items():
            extra = of_any if name not in (_ANY, _ITEM) else {}
            most = max(most, sum(group.values()) + sum(extra.values()))
            for applied, count in group.items():
                following[applied] = max(following.get(applied, 0), min(_CAP, count + extra.get(applied, 0)))
        self._levels.append(following)
        self._most.append(most)

    def _applied_by(self, schema: Any, inside: tuple[int, ...]) -> Counts:
        if not isinstance(schema, Mapping):
            return {}
        key = id(schema)
        if key in self._applied:
            return self._applied[key]
        if key in inside:
            raise ValueError("The schema refers to itself without end.")
        self._nodes[key] = schema
        counts = {key: 1}
        for inner in self._in_place(schema):
            for applied, count in self._applied_by(inner, (*inside, key)).items():
                counts[applied] = min(_CAP, counts.get(applied, 0) + count)
        self._applied[key] = counts
        return counts

    def _in_place(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the schemas that apply to the same value."""
        if any(name in schema for name in _REFUSED) or ("$id" in schema and schema is not self._root):
            raise ValueError("The schema has anchors or parts with an $id. Use references such as #/$defs/name.")
        for name in _IN_PLACE_LISTS:
            yield from schema[name] if isinstance(schema.get(name), list) else ()
        for name in _IN_PLACE:
            yield schema.get(name)
        for name in _IN_PLACE_MAPS:
            yield from schema[name].values() if isinstance(schema.get(name), Mapping) else ()
        if "$ref" in schema:
            yield self._target_of(schema["$ref"])

    def _target_of(self, reference: object) -> Any:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise ValueError(f"The schema refers to {str(reference)[:80]!r}. Only its own parts can be used.")
        found: Any = self._root
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise ValueError(f"The schema refers to {reference[:80]!r}, which does not exist.")
        return found


def _inside(schema: Mapping[str, Any]) -> Iterator[tuple[object, Any]]:
    """Yield the schemas that apply to values inside the value, with the name to which they apply."""
    properties = schema.get("properties")
    yield from properties.items() if isinstance(properties, Mapping) else ()
    patterns = schema.get("patternProperties")
    yield from ((_ANY, inner) for inner in patterns.values()) if isinstance(patterns, Mapping) else ()
    yield from ((_ANY, schema[name]) for name in _OF_ANY_NAME if name in schema)
    for name in _OF_ITEMS:
        inner = schema.get(name)
        yield from ((_ITEM, each) for each in (inner if isinstance(inner, list) else [inner]))
