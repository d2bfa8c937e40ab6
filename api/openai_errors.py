"""Errors below `/v1` in OpenAI's shape.

Every error of the API is a problem document. This middleware rewrites the ones below `/v1`, wherever they come from:
routes, validation, limits or other middleware.
"""

from typing import Any

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import MEDIA_TYPE
from models.openai.errors import INVALID, ErrorView, error_of, is_openai


class OpenAIErrors:
    """Rewrites problem documents below `/v1`, with their status and headers otherwise unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_openai(scope["path"]):
            await self._app(scope, receive, _Rewriting(send))
        else:
            await self._app(scope, receive, send)


class _Rewriting:
    """Holds back a problem document until it is complete, and passes on everything else."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        problem: dict[str, Any] = from_json(self._body) if self._body else {}
        status = 400 if start["status"] == INVALID else start["status"]
        body = to_json(view_of(problem, status))
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["Content-Type"], headers["Content-Length"] = "application/json", str(len(body))
        self._start = None
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def view_of(problem: dict[str, Any], status: int) -> ErrorView:
    """Return a problem document in OpenAI's shape."""
    fields = problem.get("errors") or [{}]
    return ErrorView(
        error=error_of(
            status,
            str(problem.get("code", "internal_error")),
            str(problem.get("detail", "")),
            field=fields[0].get("field"),
        )
    )


def _is_problem(start: Message) -> bool:
    return Headers(raw=list(start["headers"])).get("content-type", "").startswith(MEDIA_TYPE)
