"""Makes plain JSON Schema of a document's schemas: without references, and without what only OpenAPI knows.

References are replaced by what they point to, because not all models understand them. A schema that contains itself,
and one that would become too large, is cut: from there on any value is allowed, and a note says so.
"""

from collections.abc import Mapping
from typing import Any

from chimera.tools.openapi.documents import BadDocument, Document

MAX_LEVELS = 12
MAX_PARTS = 1000
"""The number of schemas within the schema of one operation."""

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
# fmt: off
_PLAIN = (
    "type", "format", "enum", "const", "default", "description", "required", "deprecated", "pattern",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties", "maxProperties", "dependentRequired",
)
# fmt: on
_MAX_DESCRIPTION = 500
_MAX_OPTIONS = 500


class SchemaReader:
    """Converts the schemas of one operation, which share a limit of size."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = MAX_PARTS

    def read(self, schema: Any) -> dict[str, Any]:
        """Return a schema as JSON Schema. Raises BadDocument if a reference leads nowhere or to another document."""
        return self._read(schema, level=0, inside=())

    def _read(self, schema: Any, level: int, inside: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if not isinstance(schema, Mapping):
            raise BadDocument("a schema isn't an object")
        self._left -= 1
        reference = schema.get("$ref")
        if reference is not None:
            if reference in inside:
                return _cut(schema, "The same again, nested.")
            target = self._document.target_of(reference)
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            inside = (*inside, str(reference))
            if isinstance(target, Mapping):
                return self._read({**target, **siblings}, level, inside)
            return self._read(target, level, inside)
        if level > MAX_LEVELS or self._left < 0:
            return _cut(schema, "Not described further.")
        return self._converted(schema, level, inside)

    def _converted(self, schema: Mapping[str, Any], level: int, inside: tuple[str, ...]) -> dict[str, Any]:
        made: dict[str, Any] = {key: schema[key] for key in _PLAIN if key in schema}
        for key in _MAPS:
            if isinstance(schema.get(key), Mapping):
                made[key] = {name: self._read(each, level + 1, inside) for name, each in schema[key].items()}
        for key in _LISTS:
            if isinstance(schema.get(key), list) and schema[key]:
                made[key] = [self._read(each, level + 1, inside) for each in schema[key]]
        for key in _ONE:
            if isinstance(schema.get(key), Mapping | bool):
                made[key] = schema[key] if schema[key] is True else self._read(schema[key], level + 1, inside)
        _shorten(made)
        self._drop_read_only(schema, made)
        return _in_json_schema(made, nullable=schema.get("nullable") is True) if self._document.is_3_0 else made

    def _drop_read_only(self, schema: Mapping[str, Any], made: dict[str, Any]) -> None:
        """Remove the properties that only responses have."""
        properties = schema.get("properties")
        for name, each in properties.items() if isinstance(properties, Mapping) else ():
            if self._is_read_only(each):
                made["properties"].pop(name, None)
                if isinstance(made.get("required"), list):
                    made["required"] = [required for required in made["required"] if required != name]

    def _is_read_only(self, schema: object) -> bool:
        if isinstance(schema, Mapping) and "$ref" in schema and "readOnly" not in schema:
            try:
                schema = self._document.resolved(schema)
            except BadDocument:
                return False
        return isinstance(schema, Mapping) and schema.get("readOnly") is True


def _cut(schema: Mapping[str, Any], note: str) -> dict[str, Any]:
    description = schema.get("description")
    return {"description": f"{description} {note}" if isinstance(description, str) else note}


def _shorten(made: dict[str, Any]) -> None:
    if "description" in made:
        made["description"] = str(made["description"])[:_MAX_DESCRIPTION]
    if isinstance(made.get("enum"), list) and len(made["enum"]) > _MAX_OPTIONS:
        del made["enum"]
    if made.get("required") is not None and not isinstance(made["required"], list):
        del made["required"]  # OpenAPI 2 and some generators write `required: true` into a property.


def _in_json_schema(made: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """Translate what OpenAPI 3.0 writes in its own way: bounds that are switches, and null."""
    for bound, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        switch = made.get(bound)
        if isinstance(switch, bool):
            del made[bound]
            if switch and plain in made:
                made[bound] = made.pop(plain)
    if not nullable:
        return made
    if isinstance(made.get("type"), str):
        options = {"enum": [*made["enum"], None]} if isinstance(made.get("enum"), list) else {}
        return {**made, "type": [made["type"], "null"], **options}
    return {"anyOf": [made, {"type": "null"}]} if made.keys() - {"description", "default"} else made
