"""JSON Schemas from outside: usable ones are accepted, and a check is bounded in time and never raises."""

import math
from typing import Any

import pytest

from chimera.content.schemas import MAX_PROBLEM_CHARS, MAX_PROBLEMS, check, is_usable

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "home": {"$ref": "#/$defs/place"}},
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"place": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 5}}}},
}


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def _doubling(levels: int) -> dict[str, Any]:
    """Return a schema whose check takes twice as long for each level."""
    defs: dict[str, Any] = {f"a{levels}": {"type": "array"}}
    for level in range(levels):
        inner = {"$ref": f"#/$defs/a{level + 1}"}
        defs[f"a{level}"] = {"anyOf": [inner, {"minProperties": 1, **inner}]}
    return {"$ref": "#/$defs/a0", "$defs": defs}


@pytest.mark.parametrize(
    "schema",
    [{}, PERSON, {"properties": {"$id": {}, "$ref": {"type": "string"}}}, {"$id": "https://example.com/person"}],
    ids=["empty", "definitions", "names", "own address"],
)
def test_a_schema_is_usable(schema: dict[str, Any]) -> None:
    assert is_usable(schema) is None


UNUSABLE: dict[str, tuple[object, str]] = {
    "no object": (["type"], "must be a JSON object"),
    "remote": ({"$ref": "https://example.com/x"}, "isn't in the schema"),
    "file": ({"$defs": {"x": {"$ref": "file:///etc/passwd"}}}, "invalid"),
    "missing": ({"$ref": "#/$defs/x"}, "There is nothing at"),
    "recursive": ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}, "is recursive"),
    "itself": ({"properties": {"a": {"$ref": "#"}}}, "is recursive"),
    "anchor": ({"properties": {"a": {"$anchor": "x"}}}, "isn't supported"),
    "unknown type": ({"type": "objekt"}, "invalid"),
    "pattern": ({"pattern": "("}, "regex"),
    "surrogate": ({"type": "\ud800"}, "invalid"),
    "deep": (_nested(5000), "invalid"),
    "doubling": (_doubling(20), "too large"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_schema_is_explained(name: str) -> None:
    schema, why = UNUSABLE[name]
    problem = is_usable(schema)
    assert problem is not None
    assert why in problem
    assert len(problem) < 300


def test_problems_name_the_place() -> None:
    assert check(PERSON, {"name": "Ada", "home": {"city": "Rome"}}) == []
    assert check(PERSON, {"home": {"city": "London"}}) == [
        '$.home.city: "London" is longer than 5 characters',
        '$: "name" is a required property',
    ]
    assert check({"type": "array", "items": {"type": "integer"}}, [1, "x"]) == ['$[1]: "x" is not of type "integer"']


def test_problems_are_few_and_short() -> None:
    problems = check({"items": {"type": "integer"}}, ["x" * 10_000] * 100)
    assert len(problems) == MAX_PROBLEMS
    assert max(map(len, problems)) == MAX_PROBLEM_CHARS


@pytest.mark.parametrize(
    "value", ["\ud800", math.inf, math.nan, 10**5000, None, [[[]]]], ids=["half", "inf", "nan", "huge", "null", "lists"]
)
def test_no_value_makes_a_check_raise(value: Any) -> None:
    assert check({"type": "object"}, value)


def test_a_pattern_can_not_take_forever() -> None:
    assert check({"pattern": "^(a+)+$"}, "a" * 40 + "b")


def test_a_value_too_large_for_its_schema_is_refused() -> None:
    schema = {"items": {"$ref": "#/$defs/a0"}, "$defs": _doubling(8)["$defs"]}
    assert is_usable(schema) is None
    (problem,) = check(schema, [{"x": 1}] * 10_000)
    assert "too large to be checked" in problem
