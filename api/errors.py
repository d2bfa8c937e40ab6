"""Errors as RFC 9457 problem documents. Each states the problem and the solution; none reveals internals."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import Field
from pydantic_core import to_json
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from api.remedies import RemedyView, view_of
from api.request_ids import request_id
from chimera.db.engine import AWAY, SESSION_AWAY
from chimera.db.refusals import refusal_of
from chimera.observe import disk
from models.base import Contract
from models.errors import ChimeraError, DiskFull, InvalidInput, NotSignedIn, PlanInvalid, Unavailable
from models.remedies import Action, Remedy
from models.wording import MAX_NAME, fields_at, reportable, sentence_of

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
ERRORS_PAGE = "/docs/errors"
MAX_FIELD_ERRORS = 20


class FieldProblem(Contract):
    """A problem with one field. `field` is the field's path in the body, or the name of a parameter or header."""

    field: str
    message: str


class Problem(Contract):
    """An RFC 9457 problem document."""

    type: str = Field(description="URI of the problem type: `/docs/errors#<code>`, where it is explained")
    title: str
    status: int
    detail: str = Field(description="What went wrong, and how to fix it")
    code: str = Field(description="Error code for programs. It stays the same even if the error text changes.")
    instance: str = Field(
        description="Request ID, which also appears in the `X-Request-ID` header and in the request's log lines"
    )
    errors: tuple[FieldProblem, ...] = ()
    remedy: RemedyView | None = Field(
        default=None, description="Suggested request to fix the problem. `null` if there is none."
    )


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request can't be fulfilled. The problem document explains why."},
    "5XX": {
        "model": Problem,
        "description": "Chimera couldn't handle the request. The problem document describes the failure.",
    },
}
"""Responses that every route can return, for the OpenAPI document."""


class Refused(HTTPException):
    """Wraps a `ChimeraError` while FastAPI reads a body, when it passes on only HTTPExceptions."""

    def __init__(self, error: ChimeraError) -> None:
        super().__init__(error.http_status, error.message)
        self.error = error


def install(app: FastAPI) -> None:
    """Turn every error of this app into a problem document."""
    app.add_exception_handler(ChimeraError, _on_chimera_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(PoolTimeout, _on_database_error)
    app.add_exception_handler(psycopg.Error, _on_database_error)


def answer(error: ChimeraError) -> Response:
    """Return the response for a `ChimeraError`."""
    problems = _fields_of(error)
    return _response(
        error.http_status,
        code=error.code,
        title=error.title,
        detail=error.message + _more_than_one(len(problems)),
        # Built only for the problems that are shown, because a plan may have thousands.
        errors=[FieldProblem(field=field, message=message) for field, message in problems[:MAX_FIELD_ERRORS]],
        remedy=error.remedy,
        headers=_headers_of(error),
    )


def unexpected(error: Exception) -> Response:
    """Return the response for a bug, whose details are only logged."""
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return _response(
        500,
        code=ChimeraError.code,
        title=ChimeraError.title,
        detail="This is a bug in Chimera. For details, search the log for the ID in 'instance'.",
    )


def translated(error: Exception) -> ChimeraError | None:
    """Translate errors such as an unavailable database, a full disk or text that can't be stored; None for others."""
    if (refusal := refusal_of(error)) is not None:
        return refusal
    if disk.is_full(error):
        return DiskFull("The disk on the API's machine")
    if isinstance(error, (DataError, psycopg.DataError)):
        return InvalidInput(
            "body", "A value can't be stored. Send text without NUL characters, and numbers in the allowed range."
        )
    if isinstance(
        error,
        (*AWAY, *SESSION_AWAY, psycopg.InterfaceError),
    ):
        return Unavailable("The database")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Unavailable("The database")
    return None


async def _on_chimera_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ChimeraError)
    return answer(error)


async def _on_database_error(request: Request, error: Exception) -> Response:
    known = translated(error)
    if known is None:
        return unexpected(error)
    log.warning("database_refused", error=type(error).__name__, code=known.code)
    return answer(known)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Refused):
        return answer(error.error)
    status = HTTPStatus(error.status_code)
    headers = error.headers
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {**(headers or {}), "Allow": ", ".join(_methods_at(request))}
    return _response(
        status,
        code=status.phrase.lower().replace(" ", "_").replace("-", "_"),
        title=status.phrase,
        detail=_DETAILS.get(status, status.description or status.phrase),
        remedy=Remedy(action=Action.READ_API_DOCUMENT) if status in _NO_SUCH_ROUTE else None,
        headers=headers,
    )


def _methods_at(request: Request) -> list[str]:
    """Return all methods of an address, of which each route knows only its own."""
    found: set[str] = set()
    for route in request.app.router.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE and isinstance(route, Route):
            found |= route.methods or set()
    return sorted(found - {"HEAD"})


_DETAILS = {
    400: "Invalid JSON. Send JSON in UTF-8, nested at most 200 levels deep, without NaN values or NUL characters.",
    404: "There is nothing at this address. The OpenAPI document lists all addresses.",
    405: "This address doesn't support the request's method. The OpenAPI document lists the supported methods.",
}


_NO_SUCH_ROUTE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    body, entries = _body_of(request), reportable(error.errors())
    problems = list(dict.fromkeys(_field_problem(entry, body) for entry in entries[:MAX_FIELD_ERRORS]))
    count = len(problems) + len(entries[MAX_FIELD_ERRORS:])
    first = problems[0] if problems else FieldProblem(field="body", message="The body is invalid.")
    return _response(
        422,
        code=InvalidInput.code,
        title=InvalidInput.title,
        detail=f"{first.field}: {first.message}{_more_than_one(count)}",
        errors=problems,
    )


def _body_of(request: Request) -> Any:
    """Return the annotated type of the route's body; None if the route accepts no body."""
    route = request.scope.get("route")
    return route.body_field.field_info.annotation if isinstance(route, APIRoute) and route.body_field else None


def _field_problem(entry: Mapping[str, Any], body: Any) -> FieldProblem:
    part, *place = entry["loc"]
    # The index of a repeated parameter doesn't help callers.
    shown = place[:1] if part == "query" else [each for each in place if each != "[key]"]
    field = ".".join(str(each)[:MAX_NAME] for each in shown) or str(part)
    if field == "body" and entry["type"] in ("missing", "model_attributes_type"):
        return FieldProblem(field=field, message="Send a JSON object with Content-Type: application/json.")
    sentence = sentence_of(entry, fields_at(body, place) if part == "body" else ())
    return FieldProblem(
        field=field, message=f"This entry's name is invalid: {sentence}" if place[-1:] == ["[key]"] else sentence
    )


def _more_than_one(count: int) -> str:
    if count > MAX_FIELD_ERRORS:
        return f" ({count - 1} more; 'errors' lists the first {MAX_FIELD_ERRORS})"
    return f" ({count - 1} more in 'errors')" if count > 1 else ""


def _fields_of(error: ChimeraError) -> Sequence[tuple[str, str]]:
    if isinstance(error, PlanInvalid):
        return error.problems
    return [(error.field, error.message)] if error.field else []


def _headers_of(error: ChimeraError) -> dict[str, str]:
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _response(
    status: int,
    *,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    remedy: Remedy | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    problem = Problem(
        type=f"{ERRORS_PAGE}#{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        instance=request_id.get(),
        errors=tuple(errors),
        remedy=view_of(remedy),
    )
    return Response(to_json(problem), status, headers, MEDIA_TYPE)
