"""Errors in the OpenAPI document: for each status, one response that names its codes."""

from http import HTTPStatus
from typing import Any

from models.errors.catalog import CATALOG

Schema = dict[str, Any]

MEDIA_TYPE = "application/problem+json"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_OF_PLAIN_HTTP = {
    400: ["bad_request"],
    404: ["not_found"],
    405: ["method_not_allowed"],
    500: ["internal_error"],
}


def add_problems(document: Schema) -> None:
    """Name the statuses that each operation can answer with if it fails."""
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            if _has_parameter(operation, "If-None-Match"):
                responses["304"] = {"description": "The object is still as your `ETag` says. The body is empty."}
            for status in _statuses_of(operation):
                responses.setdefault(str(status), {"$ref": f"#/components/responses/{_name_of(status)}"})
            for status, response in responses.items():
                if status in ("4XX", "5XX"):
                    response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
            operation["responses"] = dict(sorted(responses.items()))
    document["components"]["responses"] = {
        _name_of(status): {
            "description": f"{HTTPStatus(status).phrase}. `code` is {_listed(codes)}.",
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        }
        for status, codes in sorted(_codes().items())
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


def _name_of(status: int) -> str:
    return "".join(word.capitalize() for word in HTTPStatus(status).name.split("_"))


def _listed(codes: list[str]) -> str:
    *others, last = (f"`{code}`" for code in codes)
    return f"{', '.join(others)} or {last}" if others else last
