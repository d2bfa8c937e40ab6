"""Validation of arguments and answers, with the words that a model reads."""

import math
from typing import Any

import pytest

from chimera.content.schemas import MAX_PROBLEMS, check, is_usable

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "size": {"enum": ["small", "large"]},
        "to": {"type": "object", "properties": {"street": {"type": "string"}}, "required": ["street"]},
    },
    "required": ["count"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "arguments: 'count' is missing"),
        ({"count": "1"}, 'count: must be an integer, not "1"'),
        ({"count": 0}, "count: 0 is less than the minimum of 1"),
        ({"count": 1, "size": "huge"}, 'size: must be one of "small", "large", not "huge"'),
        ({"count": 1, "color": "red"}, "arguments: unknown 'color'"),
        ({"count": 1, "to": {}}, "to: 'street' is missing"),
        ({"count": 1, "to": {"street": 5}}, "to.street: must be a string, not 5"),
        ([], "arguments: must be an object, not []"),
    ],
)
def test_a_problem_names_path_and_allowed_values(arguments: object, problem: str) -> None:
    assert check(ORDER, arguments) == [problem]


def test_matching_arguments_have_no_problems() -> None:
    assert check(ORDER, {"count": 3.0, "size": "small", "to": {"street": "Elm"}}) == []


def test_alternatives_report_the_closest_one() -> None:
    schema = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["id"]}]}
    assert check(schema, {}) == ["arguments: 'id' is missing"]
    assert check({"anyOf": [{"type": "string"}, {"type": "null"}]}, 3) == ["arguments: must be null or a string"]


def test_only_the_first_problems_are_reported() -> None:
    assert len(check({"items": {"type": "string"}}, list(range(1000)))) == MAX_PROBLEMS


def test_a_recursive_schema_checks_every_level() -> None:
    schema = {
        "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["v"]}},
        "$ref": "#/$defs/node",
    }
    assert check(schema, {"v": 1, "next": {"v": 2, "next": {}}}) == ["next.next: 'v' is missing"]


def test_deep_or_broken_values_are_problems() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert check({"type": "object"}, deep) == ["arguments: nested deeper than 64 levels"]
    assert "surrogate" in check({"type": "string"}, "\ud800")[0]


def test_formats_and_unknown_keywords_are_not_asserted() -> None:
    assert check({"type": "string", "format": "email", "x-hint": 1, "nullable": True}, "no address") == []


def test_a_pattern_cannot_take_exponential_time() -> None:
    for pattern in ("^(a+)+$", "^(a|aa|a*)+$", "(.*a){10}$"):
        assert "must match the pattern" in check({"pattern": pattern}, "a" * 50_000 + "b")[0]


@pytest.mark.parametrize("pattern", ["(?<!x)(a+)+$", r"^((a+)+)\1c$", "([a-z]{1,50}){1,50}x", "("])
def test_a_pattern_without_a_bound_is_not_checked(pattern: str) -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": pattern}, "b": {"pattern": "^b$"}}}
    assert check(schema, {"a": "a" * 50_000 + "b"}) == []
    assert check(schema, {"a": 5, "b": "b"}) == ["a: must be a string, not 5"]
    assert check(schema, {"b": "c"})
    named = {"patternProperties": {pattern: {}, "^b": {"type": "string"}}, "additionalProperties": False}
    assert check(named, {"x": 1, "b": 2}) == ["b: must be a string, not 2"]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ([], "not a JSON object"),
        ({"type": "strin"}, "invalid at type"),
        ({"pattern": 5}, "invalid at pattern"),
        ({"$ref": "https://schemas.example/order.json"}, "Only its own parts can be used"),
        ({"$ref": "file:///etc/passwd"}, "Only its own parts can be used"),
        ({"$ref": "#/$defs/gone"}, "does not exist"),
        ({"$ref": "#"}, "refers to itself without end"),
        ({"allOf": [{"anyOf": [{"$ref": "#/allOf/0"}]}]}, "refers to itself without end"),
        ({"properties": {"a": {"$id": "https://x.example/"}}}, "parts with an $id"),
        ({"properties": {"$id": {"type": "string"}}}, None),
        ({"allOf": [{"$id": "https://x.example/"}]}, "parts with an $id"),
        ({"$ref": "#here", "$defs": {"a": {"$anchor": "here"}}}, "Only its own parts|anchors"),
    ],
)
def test_an_unusable_schema_is_explained(schema: object, problem: str | None) -> None:
    reason = is_usable(schema)
    assert (reason is None) == (problem is None)
    assert problem is None or any(part in str(reason) for part in problem.split("|")), reason


def test_a_schema_that_contains_itself_is_unusable() -> None:
    schema: dict[str, Any] = {"type": "object"}
    schema["properties"] = {"self": schema}
    assert "contains itself" in str(is_usable(schema))


def test_arguments_need_a_schema_of_an_object() -> None:
    assert is_usable({"type": "array"}) is None
    assert is_usable({"type": "array"}, of_object=True) == "The schema's type is 'array'. It has to be 'object'."


def test_a_schema_of_another_dialect_is_usable() -> None:
    assert is_usable({"$schema": "https://spec.openapis.org/oas/3.1/dialect/base", "type": "object"}) is None
    assert is_usable({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}) is None


def doubling(levels: int, last: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that is as many times two alternatives of the same."""
    parts: dict[str, Any] = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**parts, f"a{levels}": last}, "$ref": "#/$defs/a0"}


def test_alternatives_that_multiply_are_refused() -> None:
    assert is_usable(doubling(60, {"type": "string"})) == "The schema has too many alternatives for one value."
    assert check(doubling(60, {"type": "string"}), 5) == ["arguments: too large or nested too deeply for the schema"]
    assert is_usable(doubling(5, {"type": "string"})) is None


def test_alternatives_that_multiply_inside_are_refused() -> None:
    tree = {"anyOf": [{"properties": {"in": {"$ref": "#/$defs/t"}}, "required": ["in", str(n)]} for n in range(20)]}
    schema = {"$defs": {"t": tree}, "type": "object", "properties": {"in": {"$ref": "#/$defs/t"}}}
    assert is_usable(schema) is None
    value: dict[str, Any] = {}
    for _ in range(2):
        value = {"in": value}
    assert "is missing" in check(schema, value)[0]
    for _ in range(30):
        value = {"in": value}
    assert check(schema, value) == ["arguments: too large or nested too deeply for the schema"]


def test_ordinary_recursion_may_be_deep() -> None:
    tree = {"type": "object", "properties": {side: {"$ref": "#"} for side in ("left", "right")}}
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"left": value, "right": {}}
    assert check(tree, value) == []
    assert check({"type": "array", "items": {"type": "integer"}}, [*range(100_000), "x"]) == [
        '100000: must be an integer, not "x"'
    ]


@pytest.mark.parametrize(
    "value", ["\ud800", math.inf, math.nan, 10**5000, None, [[[]]]], ids=["half", "inf", "nan", "huge", "null", "lists"]
)
def test_no_value_makes_a_check_raise(value: Any) -> None:
    assert check({"type": "object"}, value)


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_a_schema_with_an_endless_number_is_refused(number: float) -> None:
    assert "too large" in str(is_usable({"minimum": number}))


def test_the_path_of_the_whole_value_can_be_named() -> None:
    assert check({"type": "object"}, 1, root="answer")[0].startswith("answer: ")
