"""Errors in the OpenAPI document: for each status, one response that names its codes.

Errors below `/v1` have OpenAI's shape and codes, so they have responses of their own.
"""

from copy import deepcopy
from http import HTTPStatus
from typing import Any

from models.errors.catalog import CATALOG
from models.openai.errors import INVALID, error_of, is_openai

Schema = dict[str, Any]

MEDIA_TYPE = "application/problem+json"
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OF_OPENAI = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorView"}}}
OPENAI = "OpenAI"
"""Beginning of the names of responses in OpenAI's shape."""
_OF_PLAIN_HTTP = {
    400: ["bad_request"],
    404: ["not_found"],
    405: ["method_not_allowed"],
    500: ["internal_error"],
}


def add_problems(document: Schema) -> None:
    """Name the statuses that each operation can answer with if it fails."""
    for path, operations in document["paths"].items():
        prefix, content = (OPENAI, _OF_OPENAI) if is_openai(path) else ("", _PROBLEM)
        for operation in operations.values():
            responses = operation["responses"]
            if _has_parameter(operation, "If-None-Match"):
                responses["304"] = {"description": "The object is still as your `ETag` says. The body is empty."}
            for status in _statuses_of(operation):
                sent = 400 if prefix and status == INVALID else status
                responses.setdefault(str(sent), {"$ref": f"#/components/responses/{prefix}{_name_of(sent)}"})
            for status, response in responses.items():
                if status in ("4XX", "5XX"):
                    response["content"] = deepcopy(content)
            operation["responses"] = dict(sorted(responses.items()))
    document["components"]["responses"] = {
        **_responses(_codes(), "", _PROBLEM),
        **_responses(_codes_of_openai(), OPENAI, _OF_OPENAI),
    }


def _responses(codes: dict[int, list[str]], prefix: str, content: Schema) -> Schema:
    return {
        f"{prefix}{_name_of(status)}": {
            "description": f"{HTTPStatus(status).phrase}. `code` is {_listed(known)}.",
            "content": deepcopy(content),
        }
        for status, known in sorted(codes.items())
    }


def _has_parameter(operation: Schema, name: str) -> bool:
    return any(parameter["name"] == name for parameter in operation.get("parameters", ()))


def _statuses_of(operation: Schema) -> list[int]:
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    statuses = [429, 500, 503]
    if operation.get("security"):
        statuses += [401, 403]
    if "path" in places:
        statuses += [404]
    if places or "requestBody" in operation:
        statuses += [422]
    if "requestBody" in operation:
        statuses += [400, 408, 409, 413]
    if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
        statuses += [415]
    if _has_parameter(operation, "If-Match"):
        statuses += [409, 412]
    if _has_parameter(operation, "Idempotency-Key"):
        statuses += [409]
    return statuses


def _codes() -> dict[int, list[str]]:
    codes: dict[int, list[str]] = {status: list(known) for status, known in _OF_PLAIN_HTTP.items()}
    for entry in CATALOG:
        codes.setdefault(entry.status, [])
        if entry.code not in codes[entry.status]:
            codes[entry.status].append(entry.code)
    return codes


def _codes_of_openai() -> dict[int, list[str]]:
    codes: dict[int, list[str]] = {}
    for status, known in _codes().items():
        sent = 400 if status == INVALID else status
        codes.setdefault(sent, []).extend(error_of(sent, code, "").code or code for code in known)
    return {status: list(dict.fromkeys(known)) for status, known in codes.items()}


def _name_of(status: int) -> str:
    return "".join(word.capitalize() for word in HTTPStatus(status).name.split("_"))


def _listed(codes: list[str]) -> str:
    *others, last = (f"`{code}`" for code in codes)
    return f"{', '.join(others)} or {last}" if others else last
