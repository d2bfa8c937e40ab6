"""`/docs` explains every operation and every parameter to first-time readers."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI, Query
from pydantic import SecretStr

from api.app import create_app
from api.openapi import fields
from chimera.config.settings import Settings
from tests.parts import SECRET

METHODS = frozenset({"get", "put", "post", "delete", "patch"})
FEWEST_WORDS = 3


@cache
def app() -> FastAPI:
    return create_app(Settings(_env_file=None, jwt_secret=SecretStr(SECRET)))


def document() -> dict[str, Any]:
    return app().openapi()


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method in sorted(METHODS & operations.keys()):
            yield method.upper(), path, operations[method]


def unexplained(document: dict[str, Any]) -> Iterator[str]:
    """Yield each item that has no explanation, or none beyond its own name."""
    for path, operations in document["paths"].items():
        for method in METHODS & operations.keys():
            operation, name = operations[method], f"{method.upper()} {path}"
            if len(operation.get("summary", "").split()) < 2:
                yield f"{name}: summary"
            if len(operation.get("description", "").split()) < FEWEST_WORDS:
                yield f"{name}: description"
            for parameter in operation.get("parameters", []):
                if len(parameter.get("description", "").split()) < FEWEST_WORDS:
                    yield f"{name}: {parameter['in']} {parameter['name']}"


def test_operations_and_parameters_are_explained() -> None:
    assert list(unexplained(app().openapi())) == []


def test_operation_ids_are_unique() -> None:
    operations = [
        operation["operationId"]
        for each in app().openapi()["paths"].values()
        for method, operation in each.items()
        if method in METHODS
    ]
    assert len(operations) > 40
    assert len(set(operations)) == len(operations)


def test_the_page_begins_with_tasks_tokens_and_streams() -> None:
    begin = app().openapi()["info"]["description"]
    assert all(words in begin for words in ("`POST /api/v1/tasks`", "`chimera token`", "/events`", "`/ws`"))


def test_operation_ids_are_short_and_stable() -> None:
    for _, _, operation in operations_of(document()):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])


def test_every_tag_has_its_place() -> None:
    listed = [tag["name"] for tag in document()["tags"]]
    used = {tag for _, _, operation in operations_of(document()) for tag in operation["tags"]}
    assert used == set(listed)
    assert len(listed) == len(set(listed))


def test_every_field_is_described() -> None:
    missing = [
        f"{name}.{field}"
        for name, schema in document()["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    assert missing == []


def test_no_description_is_out_of_use() -> None:
    """Descriptions in `fields` that no field has any more."""
    schemas = document()["components"]["schemas"]
    names = {field for schema in schemas.values() for field in schema.get("properties", {})}
    assert sorted(fields.of_name.keys() - names) == []


def test_no_word_of_openapi_3_2_is_used() -> None:
    document = app().openapi()
    assert document["openapi"].startswith("3.1.")
    assert "itemSchema" not in json.dumps(document)


def test_a_parameter_is_never_null() -> None:
    parameters = [
        parameter
        for operations in app().openapi()["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
    ]
    keys = [each for each in parameters if each["name"] == "Idempotency-Key"]
    assert keys
    assert all(each["schema"]["type"] == "string" for each in keys)
    assert not [each["name"] for each in parameters if {"type": "null"} in each["schema"].get("anyOf", ())]


@pytest.mark.parametrize("description", [None, "limit"])
def test_undocumented_parameters_are_named(description: str | None) -> None:
    bare = FastAPI()

    @bare.get("/things")
    async def things(limit: int = Query(default=20, description=description)) -> None:
        """List."""

    assert list(unexplained(bare.openapi())) == [
        "GET /things: summary",
        "GET /things: description",
        "GET /things: query limit",
    ]
