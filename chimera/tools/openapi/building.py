"""Makes the request for a call of an operation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from chimera.tools.base import ToolError
from chimera.tools.openapi.credentials import Credentials
from chimera.tools.openapi.operations import BODY, FORM, Operation
from chimera.tools.openapi.parameters import in_header, in_path, in_query, written

MAX_URL_CHARS = 8000


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A request that is ready to be sent. It contains credentials, so it isn't shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def request_of(
    operation: Operation, arguments: Mapping[str, JsonValue], credentials: Credentials, idempotency_key: str
) -> Request:
    """Return the request for arguments that match the operation's schema.

    A call that can change something has the header `Idempotency-Key`. What the configuration sets takes precedence over
    arguments. Raises ToolError for values that can't be sent.
    """
    path, query, headers = operation.path, list[tuple[str, str]](), dict[str, str]()
    for parameter in operation.parameters:
        value = arguments.get(parameter.argument)
        if value is None:
            if parameter.place == "path":
                raise ToolError(f"{parameter.argument}: a part of the path can't be null.")
            continue
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", in_path(parameter, value))
        elif parameter.place == "query":
            query += in_query(parameter, value)
        else:
            headers[parameter.name] = in_header(parameter, value)
    if operation.method not in ("GET", "HEAD"):
        headers["Idempotency-Key"] = idempotency_key
    body = b""
    if operation.body_type is not None and BODY in arguments:
        headers["Content-Type"] = operation.body_type
        body = _body(operation.body_type, arguments[BODY])
    url = _url(operation.base_url, path, _without(query, credentials.query) + list(credentials.query.items()))
    return Request(operation.method, url, _merged(headers, credentials.headers), body)


def _without(query: list[tuple[str, str]], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Remove what has a configured name: an object that is written in pieces could contain one."""
    configured = {name.lower() for name in names}
    return [(name, value) for name, value in query if name.lower() not in configured]


def _merged(headers: Mapping[str, str], configured: Mapping[str, str]) -> dict[str, str]:
    names = {name.lower() for name in configured}
    return {name: value for name, value in headers.items() if name.lower() not in names} | dict(configured)


def _url(base: str, path: str, query: list[tuple[str, str]]) -> str:
    url = base.rstrip("/") + quote(path, safe="/%:@!$&'()*+,;=~-._")
    if query:
        url += "?" + urlencode(query, quote_via=quote)
    if len(url) > MAX_URL_CHARS:
        raise ToolError(f"The arguments make a URL of {len(url)} characters. At most {MAX_URL_CHARS} can be sent.")
    return url


def _body(body_type: str, value: JsonValue) -> bytes:
    if body_type != FORM:
        return json.dumps(value, ensure_ascii=False).encode()
    if not isinstance(value, dict):
        raise ToolError("body: must be an object, because it is sent as a form.")
    fields = [(name, each) for name, given in value.items() for each in (given if isinstance(given, list) else [given])]
    return urlencode([(name, written(each)) for name, each in fields if each is not None]).encode()
