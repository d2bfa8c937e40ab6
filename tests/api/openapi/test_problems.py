"""Every operation names the statuses that it can answer with, and every status names its codes."""

from http import HTTPStatus

from api.openapi.problems import MEDIA_TYPE, OPENAI
from models.errors.catalog import CATALOG
from models.openai.errors import is_openai
from tests.api.openapi.test_document import document, operations_of


def test_errors_are_problem_documents() -> None:
    responses = document()["components"]["responses"]
    assert len(responses) >= 12
    for _, path, operation in operations_of(document()):
        media_type = "application/json" if is_openai(path) else MEDIA_TYPE
        for status, response in operation["responses"].items():
            if status[0] in "45" and "$ref" not in response and status != "503":
                assert list(response["content"]) == [media_type]
    for name, response in responses.items():
        if not name.startswith(OPENAI):
            assert response["content"][MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_errors_of_openai_have_its_shape() -> None:
    responses = document()["components"]["responses"]
    named = set()
    for _, path, operation in operations_of(document()):
        for status, response in operation["responses"].items():
            if "$ref" in response:
                name = response["$ref"].rpartition("/")[2]
                assert name.startswith(OPENAI) == is_openai(path), f"{path} {status}"
                named.add(name)
    shapes = [responses[name]["content"]["application/json"] for name in named if name.startswith(OPENAI)]
    assert {shape["schema"]["$ref"] for shape in shapes} == {"#/components/schemas/ErrorView"}
    assert "invalid_api_key" in responses[f"{OPENAI}Unauthorized"]["description"]
    assert f"{OPENAI}UnprocessableEntity" not in responses, "OpenAI's clients expect 400"


def test_every_code_is_named_by_its_status() -> None:
    responses = document()["components"]["responses"]
    for entry in CATALOG:
        name = "".join(word.capitalize() for word in HTTPStatus(entry.status).name.split("_"))
        assert f"`{entry.code}`" in responses[name]["description"]


def test_closed_operations_may_answer_401() -> None:
    for method, path, operation in operations_of(document()):
        if operation.get("security"):
            assert {"401", "403", "429", "503"} <= operation["responses"].keys(), f"{method} {path}"
        if "{" in path:
            assert "404" in operation["responses"], f"{method} {path}"


def test_conditional_changes_may_answer_412() -> None:
    conditional = [
        operation
        for _, _, operation in operations_of(document())
        if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ()))
    ]
    assert len(conditional) >= 9
    assert all("412" in operation["responses"] for operation in conditional)
