"""The simulator's typed answers: a small JSON value that matches most schemas.

Patterns, formats and conditions aren't followed: such an answer is invalid, and the caller finds that out.
"""

from typing import Any

MAX_DEPTH = 20
WORD = "simulated"


def instance_of(schema: object, root: dict[str, Any], depth: int = 0) -> Any:
    """Return a value for a schema whose references are in `root`."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return None
    schema = _merged(schema, root)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf"):
        if schema.get(name):
            return instance_of(schema[name][0], root, depth + 1)
    match _type_of(schema):
        case "object":
            return _object(schema, root, depth)
        case "array":
            return _array(schema, root, depth)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
    return (WORD * (1 + schema.get("minLength", 0) // len(WORD)))[: schema.get("maxLength")]


def _merged(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return a schema together with what it refers to."""
    for _ in range(MAX_DEPTH):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            break
        target: Any = root
        for name in reference.split("/")[1:]:
            target = target.get(name, {}) if isinstance(target, dict) else {}
        schema = {**(target if isinstance(target, dict) else {}), **{k: v for k, v in schema.items() if k != "$ref"}}
    for part in schema.get("allOf", ()):
        schema = {**_merged(part, root), **schema} if isinstance(part, dict) else schema
    return schema


def _type_of(schema: dict[str, Any]) -> object:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((name for name in kind if name != "null"), "null")
    return kind or ("object" if "properties" in schema else "array" if "items" in schema else "string")


def _object(schema: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    names = [*properties, *(name for name in schema.get("required", ()) if name not in properties)]
    return {name: instance_of(properties.get(name, {}), root, depth + 1) for name in names}


def _array(schema: dict[str, Any], root: dict[str, Any], depth: int) -> list[Any]:
    first = [instance_of(part, root, depth + 1) for part in schema.get("prefixItems", ())]
    count = max(1, schema.get("minItems", 0)) - len(first)
    return [*first, *(instance_of(schema.get("items", {}), root, depth + 1) for _ in range(min(count, 100)))]


def _number(schema: dict[str, Any]) -> int | float:
    step = schema.get("multipleOf", 1)
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + step if "exclusiveMinimum" in schema else None)
    if least is None:
        least = min(0, schema.get("maximum", 0), schema.get("exclusiveMaximum", step) - step)
    whole: int | float = -(-least // step) * step
    return int(whole) if _type_of(schema) == "integer" else whole
