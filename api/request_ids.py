"""Request IDs, which appear in every log line, response and problem document."""

import re
from contextvars import ContextVar
from uuid import uuid4

from starlette.types import Scope

_FROM_OUTSIDE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""A UUID or trace ID, such as nginx and OpenTelemetry set. Other text from clients isn't logged."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The ID of the request or socket in progress. Tasks that are started during a request keep its ID."""


def id_of(scope: Scope) -> str:
    """Return the ID that was sent with a request or socket, or a new ID."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _FROM_OUTSIDE.fullmatch(sent := value.decode("latin-1")):
            return str(sent)
    return uuid4().hex
