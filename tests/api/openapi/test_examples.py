"""Every body and answer has an example, and it matches its schema."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from api.openapi.examples import example_of, of_operation
from tests.api.openapi.test_document import document, operations_of

JSON = "application/json"


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield each example with its place and its schema."""
    for method, path, operation in operations_of(document()):
        contents = [("body", operation.get("requestBody", {})), *operation["responses"].items()]
        for place, described in contents:
            content = described.get("content", {}).get(JSON)
            if content is not None and content.get("schema"):
                assert "example" in content, f"{method} {path}: {place}"
                yield f"{method} {path}: {place}", content["schema"], content["example"]


def test_every_example_matches_its_schema() -> None:
    components = document()["components"]
    checked = 0
    for place, schema, example in examples():
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": components}, validate_formats=True)
        problems = [error.message[:200] for error in validator.iter_errors(example)]
        assert problems == [], place
        checked += 1
    print(f"{checked} examples")
    assert checked >= 90


def test_every_listed_body_belongs_to_an_operation() -> None:
    known = {operation["operationId"] for _, _, operation in operations_of(document())}
    assert of_operation.keys() <= known


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer", "maximum": 0}, 0),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, False),
        ({"type": "array", "items": {"const": 1}, "minItems": 2}, [1, 1]),
        ({"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}, None),
        ({"$ref": "#/components/schemas/Colour"}, "red"),
    ],
    ids=["lowest", "highest", "long", "no-null", "two", "object", "reference"],
)
def test_an_example_fits_its_schema(schema: dict[str, Any], example: object) -> None:
    found = example_of(schema, {"Colour": {"enum": ["red", "blue"]}})
    assert jsonschema_rs.is_valid({**schema, "components": {"schemas": {"Colour": {"enum": ["red"]}}}}, found)
    assert example is None or found == example
