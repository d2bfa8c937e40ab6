"""The OpenAPI document that `/docs` shows: FastAPI's document, adapted to version 3.1, with an introduction."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

BEGIN = """\
**A task** is a goal that agents work on. `POST /api/v1/tasks` accepts a task and returns its ID.
`GET /api/v1/tasks/{task_id}` returns the task's state and, once it has ended, its result.

**To authorize:** Run `chimera token` to get an access token for the signed-in user, or send your e-mail and
password to `POST /api/v1/auth/login`. Enter the token under *Authorize*. Programs send it in the header
`Authorization: Bearer <token>`.

**To follow a task live:** `GET /api/v1/tasks/{task_id}/events` streams a task's events. The `/ws` WebSocket streams the
events of many tasks over one connection. OpenAPI can't describe WebSockets; for the protocol, see
`docs/reference/streams.md`.
"""

_STREAM = "text/event-stream"


class DocumentedAPI(FastAPI):
    """A FastAPI app whose document all OpenAPI 3.1 tools can read."""

    def openapi(self) -> dict[str, Any]:
        made_before = self.openapi_schema is not None
        document = super().openapi()
        if not made_before:
            for operation in _operations_of(document):
                _describe_parameters(operation)
                _describe_stream(operation)
        return document


def _operations_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _describe_parameters(operation: dict[str, Any]) -> None:
    """Remove null from the types of parameters, because a header or query parameter can be absent but not null."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        if len(kinds) == 1:
            del schema["anyOf"]
            parameter["schema"] = {**kinds[0], **schema}


def _describe_stream(operation: dict[str, Any]) -> None:
    """Describe server-sent events as text: FastAPI's `itemSchema` is OpenAPI 3.2, and code generators reject it."""
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if _STREAM not in content:
            continue
        described = content.pop(_STREAM)
        if "itemSchema" in described or str(status).startswith("2"):
            content[_STREAM] = {"schema": {"type": "string"}}
        else:
            # An error is not a stream, although FastAPI gives all responses of a route the same media type.
            content["application/problem+json"] = described
