"""Generated JSON matches its schema, for all kinds of schemas, and quickly."""

import re
from typing import Any

import jsonschema_rs
import pytest

from chimera.simulator.patterns import text_matching
from chimera.simulator.samples import sample_of

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "left": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name", "left", "children"],
        }
    },
    "$ref": "#/$defs/node",
}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


SCHEMAS: dict[str, dict[str, Any]] = {
    "anything": {},
    "optional properties": {"type": "object", "properties": {"a": {"type": "string"}}},
    "types": an_object(
        a={"type": "string"}, b={"type": "integer"}, c={"type": "number"}, d={"type": "boolean"}, e={"type": "null"}
    ),
    "enum and const": an_object(a={"enum": ["x", "y"]}, b={"const": {"c": 1}}, d={"type": "string", "default": "e"}),
    "examples": an_object(a={"type": "string", "pattern": "^[À-Ý]$", "examples": ["Ä"]}),
    "lengths": an_object(a={"type": "string", "minLength": 40}, b={"type": "string", "maxLength": 3}),
    "minimum": an_object(a={"type": "integer", "minimum": 5}, b={"type": "number", "exclusiveMinimum": 5}),
    "maximum": an_object(a={"type": "integer", "maximum": -5}, b={"type": "integer", "exclusiveMaximum": 0}),
    "between": an_object(a={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.25}),
    "multiples": an_object(a={"type": "integer", "multipleOf": 7, "minimum": 1}),
    "zero to one": an_object(a={"type": "number", "minimum": 0, "maximum": 1}),
    "list": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 3, "uniqueItems": True},
    "distinct texts": {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    "distinct short texts": {
        "type": "array",
        "items": {"type": "string", "maxLength": 4},
        "minItems": 3,
        "uniqueItems": True,
    },
    "distinct words": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
    "contains": {"type": "array", "contains": {"const": 3}},
    "nested": an_object(a=an_object(b={"type": "array", "items": an_object(c={"type": "string"}), "minItems": 1})),
    "reference": {"$defs": {"a/b": {"type": "integer"}}, **an_object(x={"$ref": "#/$defs/a~1b"})},
    "any of": an_object(a={"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    "one of": {"oneOf": [an_object(kind={"const": "a"}), an_object(kind={"const": "b"})]},
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    "several types": an_object(a={"type": ["null", "integer"]}),
    "properties": {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
    "a date": an_object(a={"type": "string", "format": "date-time"}),
    "a tree": TREE,
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_sample_matches_its_schema(name: str) -> None:
    schema = SCHEMAS[name]
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(sample_of(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "https://example.com/schema"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "array", "minItems": 10**9, "items": {"type": "array", "minItems": 10**9}},
        {"type": "object", "required": "a", "properties": 7, "minProperties": "x"},
        {"type": 7, "anyOf": "x", "allOf": [3]},
        {"type": "string", "pattern": "(" * 10_000},
    ],
    ids=["itself", "remote", "endless", "huge", "invalid", "more invalid", "deep pattern"],
)
def test_an_impossible_schema_gets_some_value(schema: dict[str, Any]) -> None:
    sample_of(schema)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}-\d{4}$",
        r"^(foo|bar)+$",
        r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
        r"^\+?[0-9]{7,15}$",
        r"[a-z][a-z0-9_-]{0,39}",
        r"^#(?:[0-9a-f]{3}){1,2}$",
        r"^(?P<a>ab)?c$",
        r"^[\u4e00-\u9fff]+$",
        r"^[]a]$",
        r"x\.y\/z\t\x41",
        r"^\S+ \D\W$",
        r"^$",
        r"a|b",
        r"^.{3,5}$",
    ],
)
@pytest.mark.parametrize("min_length", [0, 3])
def test_a_text_matches_its_pattern(pattern: str, min_length: int) -> None:
    assert re.search(pattern, text_matching(pattern, min_length))


def test_a_text_has_its_minimum_length() -> None:
    assert len(text_matching("^[a-z]+$", 50)) == 50


def test_a_pattern_can_not_fill_the_memory() -> None:
    assert len(text_matching("((a{1000}){1000}){1000}")) <= 10_000
