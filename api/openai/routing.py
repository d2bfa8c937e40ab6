"""The routes' class: closed like all others, but lenient about query parameters."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.bodies import StrictRequest
from api.deps import ClosedRoute
from models.openai.errors import ErrorView

ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorView, "description": "The request can't be fulfilled. The error explains why."},
    "5XX": {"model": ErrorView, "description": "Chimera couldn't handle the request. The error describes the failure."},
}
"""Responses that every route below `/v1` can return, for the OpenAPI document."""


STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The whole answer, or with `stream` server-sent events",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
"""The answer of the routes that can stream."""


class OpenAIRoute(ClosedRoute):
    """Authenticates the caller before it reads the body. Ignores unknown query parameters, which clients may add."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = APIRoute.get_route_handler(self)

        async def signed_in_first(request: Request) -> Response:
            await self.sign_in(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return signed_in_first
