"""A route for frequent reads that bypasses FastAPI's argument parsing and response serialisation.

Both take longer than the read itself. FastAPI still documents the route, and handles unusual requests.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from pydantic_core import to_json

from api.deps import ClosedRoute, get_signed_in, parts_of

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An ID as our own responses spell it. FastAPI handles other spellings and invalid IDs."""


class LeanRoute(ClosedRoute):
    """The endpoint receives an ID from the path, the caller and the process's parts, and returns a contract."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual = super().get_route_handler()
        [name] = self.param_convertors
        endpoint = self.endpoint

        async def lean(request: Request) -> Response:
            found = request.path_params[name]
            if request.scope["query_string"] or not _ID.fullmatch(found):
                return await usual(request)
            signed_in = await get_signed_in(request)
            view = await endpoint(found, signed_in.caller, parts_of(request))
            return Response(to_json(view), media_type="application/json")

        return lean
