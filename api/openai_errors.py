"""Errors below `/v1` in OpenAI's shape.

Every error of the API is a problem document. This middleware rewrites the ones below `/v1`, wherever they come from:
routes, validation, limits or other middleware.

Clients of OpenAI repeat a request after many errors. Once a request has been accepted as a run, its errors tell them
not to, because a repeated request would be another run.
"""

from collections.abc import MutableMapping
from typing import Any

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import MEDIA_TYPE
from models.ids import RunId
from models.openai.errors import INVALID, ErrorView, error_of, is_openai

RUN_ID_HEADER = "X-Chimera-Run-ID"
RUN_ID = "run_id"
"""The name in a request's state of the run as which it was accepted. It is set as soon as the run is stored."""


def headers_of(run_id: RunId) -> dict[str, str]:
    """Return the headers of an error after a run was accepted."""
    return {RUN_ID_HEADER: run_id, "X-Should-Retry": "false"}


def message_of(run_id: RunId, status: int, title: str, detail: str) -> str:
    """Return the message of such an error. The details of errors of ours are about requests that can be repeated."""
    said = detail if status < 500 else f"{title}."
    return f"{said} The request was accepted. Don't repeat it: fetch the reply {run_id!r} later."


class OpenAIErrors:
    """Rewrites problem documents below `/v1`, with their status and headers otherwise unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_openai(scope["path"]):
            await self._app(scope, receive, _Rewriting(send, scope.setdefault("state", {})))
        else:
            await self._app(scope, receive, send)


class _Rewriting:
    """Holds back a problem document until it is complete, and passes on everything else."""

    def __init__(self, send: Send, state: MutableMapping[str, Any]) -> None:
        self._send = send
        self._state = state
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
        run_id: RunId | None = self._state.get(RUN_ID)
        body = to_json(view_of(problem, status, run_id))
        headers = MutableHeaders(raw=list(start["headers"]))
        if run_id is not None:
            del headers["Retry-After"]
            headers.update(headers_of(run_id))
        headers["Content-Type"], headers["Content-Length"] = "application/json", str(len(body))
        self._start = None
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def view_of(problem: dict[str, Any], status: int, run_id: RunId | None = None) -> ErrorView:
    """Return a problem document in OpenAI's shape. `run_id` is the run as which the request was accepted."""
    fields = problem.get("errors") or [{}]
    detail = str(problem.get("detail", ""))
    return ErrorView(
        error=error_of(
            status,
            str(problem.get("code", "internal_error")),
            detail if run_id is None else message_of(run_id, status, str(problem.get("title", "")), detail),
            field=fields[0].get("field"),
            run_id=run_id,
        )
    )


def _is_problem(start: Message) -> bool:
    return Headers(raw=list(start["headers"])).get("content-type", "").startswith(MEDIA_TYPE)
