"""Schemas of what streams and sockets send, which no route returns as a body."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from models.events import Frame
from models.streams import ClientMessage

Schema = dict[str, Any]

STREAM = "text/event-stream"
EVENT, FRAME, CLIENT_MESSAGE = "ServerSentEvent", "Frame", "ClientMessage"
_ROOTS: tuple[tuple[str, Any, JsonSchemaMode], ...] = (
    (FRAME, Frame, "serialization"),
    (CLIENT_MESSAGE, ClientMessage, "validation"),
)
_EVENT: Schema = {
    "title": EVENT,
    "description": "One of the events that the stream consists of",
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {
            "type": "string",
            "description": "`tokens`, `snapshot`, or the type of the event in `data`",
        },
        "id": {"type": "string", "description": "Sequence number to resume after; missing in `tokens`"},
        "data": {
            "type": "string",
            "description": "A frame as JSON",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": f"#/components/schemas/{FRAME}"},
        },
    },
}
_SOCKETS = {
    "/ws": {
        "description": "Follow several topics over one WebSocket. Each frame from the server also contains its `topic`,"
        " and its `kind` is called `type`. For the protocol, see `docs/reference/streams.md`.",
        "client": {"$ref": f"#/components/schemas/{CLIENT_MESSAGE}"},
        "server": {"$ref": f"#/components/schemas/{FRAME}"},
    }
}


def add_frames(document: Schema) -> None:
    """Add the schemas of all events and messages, and let streams refer to them."""
    schemas = document["components"]["schemas"]
    for name, contract, mode in _ROOTS:
        schema = TypeAdapter(contract).json_schema(ref_template="#/components/schemas/{model}", mode=mode)
        for other, definition in schema.pop("$defs", {}).items():
            schemas.setdefault(other, definition)
        schemas[name] = {**schema, "title": name}
    schemas[EVENT] = _EVENT
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["x-websockets"] = _SOCKETS


def describe_stream(operation: Schema) -> None:
    """Describe a stream by its events, whose data are frames as JSON.

    FastAPI's `itemSchema` is OpenAPI 3.2, and code generators reject it.
    """
    content = operation["responses"].get("200", {}).get("content", {})
    if STREAM in content:
        content[STREAM] = {"schema": {"$ref": f"#/components/schemas/{EVENT}"}}
    for status, response in operation["responses"].items():
        if status != "200":
            # An error is not a stream, although FastAPI gives all responses of a route the same media type.
            response.get("content", {}).pop(STREAM, None)
