"""Documents that other converters were reported to fail on, and what becomes of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from chimera.tools.openapi.schemas import MAX_PARTS
from models.tools import ToolKind, ToolSource
from tests.chimera.tools.openapi.api import Answer, an_api, document, loaded

OK: dict[str, Any] = {"responses": {"200": {"description": "OK"}}}
PETS = {
    "/pets": {
        "get": {"operationId": "listPets", "summary": "List pets", **OK},
        "post": {"operationId": "addPet", **OK},
    },
    "/pets/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "get": {"operationId": "getPet", **OK},
        "put": {"operationId": "replacePet", **OK},
        "patch": {"operationId": "changePet", **OK},
        "delete": {"operationId": "deletePet", **OK},
    },
}


async def schema_of(folder: Path, operation: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the arguments' schema of the only operation of a document, POST /x."""
    found = await loaded(folder, document({"/x": {"post": {"operationId": "x", **OK, **operation}}}, **more))
    assert found.problems == ()
    return found.tools[0].definition.parameters


def body_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


async def test_operations_become_tools(tmp_path: Path) -> None:
    found = await loaded(tmp_path, document(PETS))
    definitions = {tool.definition.name: tool.definition for tool in found.tools}
    assert {name: definition.kind for name, definition in definitions.items()} == {
        "shop__listPets": ToolKind.PURE,
        "shop__addPet": ToolKind.ONCE,
        "shop__getPet": ToolKind.PURE,
        "shop__replacePet": ToolKind.IDEMPOTENT,
        "shop__changePet": ToolKind.ONCE,
        "shop__deletePet": ToolKind.IDEMPOTENT,
    }
    first = definitions["shop__listPets"]
    assert (first.source, first.server, first.description) == (ToolSource.OPENAPI, "shop", "List pets\n\nGET /pets")
    assert [each.reads_only for each in definitions.values()] == [True, False, True, False, False, False]
    assert all(each.untrusted and each.egress for each in definitions.values())
    assert definitions["shop__getPet"].parameters["required"] == ["id"]


async def test_only_named_operations_become_tools(tmp_path: Path) -> None:
    found = await loaded(tmp_path, document(PETS), operations=["getPet", "GET /pets", "listPet"])
    assert [tool.definition.name for tool in found.tools] == ["shop__listPets", "shop__getPet"]
    assert [str(each) for each in found.problems] == [
        "shop: The document has no operation 'listPet'. Did you mean 'listPets'?"
    ]


async def test_a_kind_can_be_overridden(tmp_path: Path) -> None:
    kinds = {"addPet": "idempotent", "PATCH /pets/{id}": "pure"}
    found = await loaded(tmp_path, document(PETS), kind=kinds, operations=["addPet", "changePet"])
    assert [tool.definition.kind for tool in found.tools] == [ToolKind.IDEMPOTENT, ToolKind.PURE]
    assert [tool.definition.reads_only for tool in found.tools] == [False, True]


async def test_duplicate_and_missing_ids_get_stable_names(tmp_path: Path) -> None:
    paths = {
        "/a": {"get": {"operationId": "find", **OK}},
        "/b": {"get": {"operationId": "find", **OK}},
        "/users/{id}/orders": {
            "get": {"parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}], **OK}
        },
        "/long": {"get": {"operationId": "x" * 200, **OK}},
        "/odd": {"get": {"operationId": "items.list (v2)/é", **OK}},
    }
    names = [tool.definition.name for tool in (await loaded(tmp_path, document(paths))).tools]
    again = [tool.definition.name for tool in (await loaded(tmp_path, document(dict(reversed(paths.items()))))).tools]
    assert sorted(names) == sorted(again)
    assert len(set(names)) == 5
    assert {"shop__get_users_id_orders", "shop__items_list_v2"} < set(names)
    assert all(len(name) <= 64 for name in names)


async def test_a_schema_that_contains_itself_is_cut(tmp_path: Path) -> None:
    comment = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "parent": {"$ref": "#/components/schemas/Comment"},
            "replies": {"type": "array", "items": {"$ref": "#/components/schemas/Comment"}},
            "by_name": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Comment"}},
            "either": {"oneOf": [{"type": "string"}, {"allOf": [{"$ref": "#/components/schemas/Comment"}]}]},
        },
    }
    schema = await schema_of(
        tmp_path, body_of({"$ref": "#/components/schemas/Comment"}), components={"schemas": {"Comment": comment}}
    )
    inside = schema["properties"]["body"]["properties"]
    assert inside["text"] == {"type": "string"}
    assert inside["parent"] == {"description": "The same again, nested."}
    assert inside["replies"] == {"type": "array", "items": {"description": "The same again, nested."}}
    assert "$ref" not in json.dumps(schema)


async def test_references_only_to_each_other_end(tmp_path: Path) -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    schema = await schema_of(tmp_path, body_of({"$ref": "#/components/schemas/A"}), components={"schemas": schemas})
    assert schema["properties"]["body"] == {"description": "The same again, nested."}


async def test_schemas_that_multiply_are_cut(tmp_path: Path) -> None:
    schemas: dict[str, Any] = {"S0": {"type": "string"}}
    for level in range(1, 12):
        inner = {"$ref": f"#/components/schemas/S{level - 1}"}
        schemas[f"S{level}"] = {"type": "object", "properties": {f"p{number}": inner for number in range(10)}}
    schema = await schema_of(tmp_path, body_of({"$ref": "#/components/schemas/S11"}), components={"schemas": schemas})
    text = json.dumps(schema)
    assert "Not described further." in text
    assert text.count('"p') < MAX_PARTS * 12


async def test_a_deep_schema_is_cut(tmp_path: Path) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(100):
        deep = {"type": "object", "properties": {"in": deep}}
    assert "Not described further." in json.dumps(await schema_of(tmp_path, body_of(deep)))


async def test_parameters_of_the_same_name_stay_apart(tmp_path: Path) -> None:
    parameters = [{"name": "id", "in": "query", "schema": {"type": "string"}}]
    parameters += [{"name": "id", "in": "header", "schema": {"type": "string"}}]
    parameters += [{"name": "body", "in": "query", "schema": {"type": "string"}}]
    schema = await schema_of(tmp_path, {"parameters": parameters, **body_of({"type": "array"})})
    assert list(schema["properties"]) == ["id_query", "id_header", "body_query", "body"]
    assert schema["properties"]["body"] == {"type": "array"}


async def test_an_operation_overrides_parameters_of_its_path(tmp_path: Path) -> None:
    path = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    own = [{"name": "q", "in": "query", "required": True, "schema": {"type": "integer"}}]
    found = await loaded(tmp_path, document({"/x": {"parameters": path, "get": {"parameters": own, **OK}}}))
    assert found.tools[0].definition.parameters == {
        "type": "object",
        "properties": {"q": {"type": "integer"}},
        "additionalProperties": False,
        "required": ["q"],
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"enum": ["a"], "type": "string", "nullable": True}, {"enum": ["a", None], "type": ["string", "null"]}),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, {"type": "number", "exclusiveMinimum": 0}),
        ({"type": "number", "maximum": 5, "exclusiveMaximum": False}, {"type": "number", "maximum": 5}),
        ({"type": "string", "example": "x", "xml": {"name": "y"}, "x-go": 1}, {"type": "string"}),
        (
            {"nullable": True, "allOf": [{"type": "object"}]},
            {"anyOf": [{"allOf": [{"type": "object"}]}, {"type": "null"}]},
        ),
        ({"properties": {"type": {"type": "string"}}}, {"properties": {"type": {"type": "string"}}}),
        ({"type": "string", "required": True}, {"type": "string"}),
        (
            {"properties": {"id": {"readOnly": True}, "a": {}}, "required": ["id", "a"]},
            {"properties": {"a": {}}, "required": ["a"]},
        ),
        ({"type": "integer", "default": 5}, {"type": "integer", "default": 5}),
    ],
    ids=["null", "enum", "minimum", "maximum", "extras", "allOf", "named type", "required", "read only", "default"],
)
async def test_old_schemas_become_json_schema(tmp_path: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    schema = await schema_of(tmp_path, body_of(old), version="3.0.3")
    assert schema["properties"]["body"] == new


async def test_content_types_may_have_parameters(tmp_path: Path) -> None:
    for media_type in ("application/json; charset=utf-8", "application/merge-patch+json", "*/*"):
        body = {
            "requestBody": {"required": True, "content": {"text/csv": {}, media_type: {"schema": {"type": "object"}}}}
        }
        schema = await schema_of(tmp_path, body)
        assert schema["properties"]["body"] == {"type": "object"}
        assert schema["required"] == ["body"]


async def test_configured_parameters_are_not_offered(tmp_path: Path) -> None:
    parameters = [
        {"name": name, "in": place, "schema": {"type": "string"}}
        for name, place in (("X-Key", "header"), ("API_key", "query"), ("Authorization", "header"), ("q", "query"))
    ]
    found = await loaded(
        tmp_path,
        document({"/x": {"get": {"parameters": parameters, **OK}}}),
        headers={"x-key": "${K}"},
        query={"api_key": "${K}"},
        secrets={"K": "canary-4411"},
    )
    (tool,) = found.tools
    assert list(tool.definition.parameters["properties"]) == ["q"]
    assert "canary" not in tool.definition.model_dump_json()


def operation(**more: Any) -> dict[str, Any]:
    return {"/x": {"post": {**OK, **more}}, "/good": {"get": {"operationId": "good", **OK}}}


def parameter(**more: Any) -> dict[str, Any]:
    return operation(parameters=[{"name": "q", "in": "query", "schema": {"type": "string"}, **more}])


@pytest.mark.parametrize(
    ("paths", "problem"),
    [
        (operation(**body_of({"$ref": "#/components/schemas/Gone"})), "leads nowhere"),
        (operation(**body_of({"$ref": "other.yaml#/Pet"})), "is in another document. Bundle both"),
        (operation(**body_of({"$ref": "https://evil.example/x.json"})), "is in another document"),
        (operation(**body_of({"type": "strin"})), "The schema is invalid"),
        (operation(requestBody={"required": True, "content": {"multipart/form-data": {}}}), "Only JSON and forms"),
        (parameter(style="matrix"), "the style 'matrix', which isn't supported"),
        (parameter(**{"in": "cookie", "required": True}), "requires the cookie parameter 'q'"),
        (parameter(content={"application/xml": {}}), "'application/xml', which isn't supported"),
        (parameter(**{"in": "path"}), "no place for the parameter 'q'"),
        (parameter(name=None), "no name or no place"),
        (operation(parameters=[5]), "doesn't lead to an object"),
        (operation(requestBody={"content": {"application/json": 5}}), "doesn't lead to an object"),
        (operation(servers=[{"url": "ftp://x"}], tags=5), None),
    ],
)
async def test_an_unusable_operation_spoils_no_other(tmp_path: Path, paths: Any, problem: str | None) -> None:
    found = await loaded(tmp_path, document(paths))
    assert "shop__good" in [tool.definition.name for tool in found.tools]
    assert len(found.problems) == (problem is not None)
    assert problem is None or problem in found.problems[0].message


@pytest.mark.parametrize(
    ("doc", "problem"),
    [
        ("openapi: 3.1.0\npaths: {}", "isn't JSON. YAML isn't supported"),
        ("[]", "isn't a JSON object"),
        ("[" * 100_000, "isn't JSON"),
        ('{"swagger": "2.0", "paths": {}}', "its version is '2.0'. Convert it to OpenAPI 3."),
        ('{"openapi": 3.1}', "its version is 3.1"),
        (b"\xff\xfe\x00", "isn't JSON"),
        (b" " * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
    ],
    ids=["yaml", "list", "deep", "swagger", "number", "binary", "large"],
)
async def test_an_unusable_document_is_explained(tmp_path: Path, doc: str | bytes, problem: str) -> None:
    found = await loaded(tmp_path, doc)
    assert found.tools == ()
    assert problem in str(found.problems[0])


async def test_only_500_operations_become_tools(tmp_path: Path) -> None:
    found = await loaded(tmp_path, document({f"/p{number}": {"get": OK} for number in range(600)}))
    assert len(found.tools) == 500
    assert "600 operations are too many" in found.problems[0].message


async def test_names_of_other_tools_are_refused(tmp_path: Path) -> None:
    found = await loaded(tmp_path, document(PETS), taken={"shop__addPet"}, operations=["addPet"])
    assert "is the name of another tool" in found.problems[0].message


@pytest.mark.parametrize(
    ("servers", "problem"),
    [
        ([{"url": "https://{region}.example/v1", "variables": {"region": {"default": "eu"}}}], None),
        ([{"url": "https://{region}.example/v1"}], "a variable without a default"),
        ([{"url": "/v1"}], "isn't a full address"),
        ([{"url": "ftp://example.com"}], "isn't a full address such as"),
        ([{"url": "https://user:pw@example.com"}], "contains a user"),
        ([], "isn't a full address"),
    ],
)
async def test_the_server_comes_from_the_document(tmp_path: Path, servers: Any, problem: str | None) -> None:
    found = await loaded(tmp_path, document({"/x": {"get": OK}}, servers=servers), base_url=None)
    assert len(found.tools) == (problem is None)
    assert not problem or problem in found.problems[0].message


@pytest.mark.parametrize("place", ["http://[", "http://a b", "//[", "a\0b"])
async def test_an_invalid_place_is_a_problem(tmp_path: Path, place: str) -> None:
    found = await loaded(tmp_path, "{}", document=place)
    assert (found.tools, [problem.place for problem in found.problems]) == ((), ["shop"])


async def test_a_document_can_come_from_a_url(tmp_path: Path) -> None:
    async with an_api() as api:
        doc = json.dumps(document({"/x": {"get": OK}}, servers=[{"url": "/v1"}])).encode()
        answers = [doc]
        api.answer = lambda seen: Answer(body=answers[0])
        found = await loaded(tmp_path, "{}", document=f"{api.url}/openapi.json", base_url=None, allow=[api.place])
        assert [tool.definition.name for tool in found.tools] == ["shop__get_x"]
        answers[0] = b"<html>"
        assert "isn't JSON" in str((await loaded(tmp_path, "{}", document=api.url, allow=[api.place])).problems[0])
    found = await loaded(tmp_path, "{}", document="http://127.0.0.1:1/", allow=["127.0.0.1:1"])
    assert "failed (ConnectError)" in str(found.problems[0])
    found = await loaded(tmp_path, "{}", document="http://127.0.0.1:1/")
    assert "isn't allowed" in str(found.problems[0])


async def test_a_fetched_document_cannot_redirect_credentials(tmp_path: Path) -> None:
    async with an_api() as api:
        doc = json.dumps(document({"/x": {"get": OK}}, servers=[{"url": "https://evil.example"}])).encode()
        api.answer = lambda seen: Answer(body=doc)
        entry: dict[str, Any] = {"document": f"{api.url}/openapi.json", "base_url": None, "secrets": {"K": "canary"}}
        found = await loaded(tmp_path, "{}", headers={"x-key": "${K}"}, allow=[api.place], **entry)
        assert found.tools == ()
        assert "To send credentials to it, set base_url." in found.problems[0].message
        assert "x-key" not in api.seen[0].headers
