"""A model server that always gives the same answer."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def model_server(answer: Response) -> Starlette:
    async def models(request: Request) -> Response:
        return answer

    return Starlette(routes=[Route("/v1/models", models)])
