"""A frequent read that bypasses FastAPI's routing, argument parsing and response serialization.

These take longer than the read itself. FastAPI still documents the route, and handles unusual requests.
"""

import re
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from pydantic_core import to_json
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from api.deps import Parts, get_signed_in, parts_of
from api.etags import TAG, Tagged
from chimera.store.owners import Owned
from models.base import Contract
from models.ids import TaskId
from models.users import Caller

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""IDs as our own responses spell them. FastAPI handles other spellings and invalid IDs."""


class LeanRead(BaseRoute):
    """`GET` of one task by its ID, without query parameters, for a signed-in caller."""

    def __init__(self, prefix: str, endpoint: Callable[[TaskId, Caller, Parts, Tagged], Awaitable[Contract]]) -> None:
        self.path = f"{prefix}/{{task_id}}"
        self._address = re.compile(f"{re.escape(prefix)}/({_ID})")
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"] or scope.get("root_path"):
            return Match.NONE, {}
        found = self._address.fullmatch(scope["path"])
        return (Match.FULL, {"path_params": {"task_id": found[1]}}) if found else (Match.NONE, {})

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        # FastAPI's own route has the name.
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        signed_in = await get_signed_in(request)
        response = Response(media_type="application/json")
        tagged = Tagged(response, None)
        task_id = TaskId(scope["path_params"]["task_id"])
        parts = parts_of(request)
        view = await self._endpoint(task_id, signed_in.caller, parts, tagged)
        await parts.foreign_reads.of_object(signed_in.caller, self._endpoint.__name__, Owned.RUN, task_id)
        answer = Response(to_json(view), headers={TAG: response.headers[TAG]}, media_type="application/json")
        await answer(scope, receive, send)
