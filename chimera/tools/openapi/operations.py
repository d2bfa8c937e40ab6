"""Operations of a document, as descriptions from which requests can be made."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chimera.tools.openapi.documents import BadDocument, Document
from chimera.tools.openapi.names import argument_name
from chimera.tools.openapi.parameters import Parameter, style_of
from chimera.tools.openapi.schemas import SchemaReader
from models.tools import ToolKind

KINDS = {
    "GET": ToolKind.PURE,
    "HEAD": ToolKind.PURE,
    "PUT": ToolKind.IDEMPOTENT,
    "DELETE": ToolKind.IDEMPOTENT,
    "POST": ToolKind.ONCE,
    "PATCH": ToolKind.ONCE,
}
"""The methods whose operations can be tools, and what they mean by the standard of HTTP."""
BODY = "body"
"""The argument with the request's body."""
FORM = "application/x-www-form-urlencoded"

_MAX_DESCRIPTION = 1500
# The client or the configuration sets these, and OpenAPI says that parameters with their names are ignored.
_NOT_FROM_MODELS = {"accept", "content-type", "authorization", "host", "content-length", "connection", "cookie"}
_NOT_FROM_MODELS |= {"transfer-encoding", "te", "trailer", "upgrade", "idempotency-key", "proxy-authorization"}


@dataclass(frozen=True, slots=True)
class Found:
    """An operation in a document, before it is read."""

    operation_id: str | None
    method: str
    path: str
    item: Mapping[str, Any]
    """The path's object, with parameters and servers for all of its operations."""
    raw: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The operation as the file may name it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that was read."""

    method: str
    path: str
    base_url: str
    description: str
    parameters: tuple[Parameter, ...]
    body_type: str | None
    """The media type of the body, if the operation has one."""
    schema: dict[str, Any]
    """Of the arguments."""


def operations_in(document: Document) -> Iterator[Found]:
    """Yield all operations that can be tools, in the document's order."""
    paths = document.root.get("paths")
    for path, raw_item in paths.items() if isinstance(paths, Mapping) else ():
        try:
            item = document.resolved(raw_item)
        except BadDocument:
            continue
        for method, raw in item.items():
            if isinstance(raw, Mapping) and method.upper() in KINDS:
                name = raw.get("operationId")
                yield Found(name if isinstance(name, str) else None, method.upper(), str(path), item, raw)


def read(document: Document, found: Found, base_url: str | None, reserved: frozenset[tuple[str, str]]) -> Operation:
    """Read an operation. `reserved` contains places and names, in lower case, that the configuration sets.

    Raises BadDocument with the reason why it can't be a tool.
    """
    reader = SchemaReader(document)
    raw_body = found.raw.get("requestBody")
    body_type, body_schema, body_required = _body(document, reader, raw_body) if raw_body else (None, {}, False)
    parameters = _named(
        [each for raw in _parameters(document, found) if (each := _parameter(raw, reader, reserved))],
        taken={BODY} if body_type else set(),
    )
    _check_path(found.path, parameters)
    properties = {each.argument: each.schema for each in parameters}
    required = [each.argument for each in parameters if each.required]
    if body_type:
        properties[BODY] = body_schema
        required += [BODY] if body_required else []
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return Operation(
        method=found.method,
        path=found.path,
        base_url=base_url or document.base_of(found.raw, found.item),
        description=_description(found),
        parameters=parameters,
        body_type=body_type,
        schema={**schema, "required": required} if required else schema,
    )


def _parameters(document: Document, found: Found) -> list[Mapping[str, Any]]:
    """Return the parameters of the path and the operation, which overrides those of the same name and place."""
    merged: dict[tuple[str, str], Mapping[str, Any]] = {}
    for source in (found.item, found.raw):
        listed = source.get("parameters")
        for raw in listed if isinstance(listed, list) else ():
            parameter = document.resolved(raw)
            if not isinstance(parameter.get("name"), str) or not isinstance(parameter.get("in"), str):
                raise BadDocument("a parameter has no name or no place")
            merged[parameter["name"], parameter["in"]] = parameter
    return list(merged.values())


def _parameter(raw: Mapping[str, Any], reader: SchemaReader, reserved: frozenset[tuple[str, str]]) -> Parameter | None:
    """Return a parameter; None if models can't set it."""
    name, place = raw["name"], raw["in"]
    required = place == "path" or raw.get("required") is True
    if (place, name.lower()) in reserved or (place == "header" and name.lower() in _NOT_FROM_MODELS):
        return None
    if place not in ("path", "query", "header"):
        if required:
            raise BadDocument(f"it requires the {place} parameter {name!r}, which isn't supported")
        return None
    content = raw.get("content")
    if isinstance(content, Mapping) and content:
        media_type, inner = next(iter(content.items()))
        if not _is_json(media_type):
            raise BadDocument(f"the parameter {name!r} is of the type {media_type!r}, which isn't supported")
        schema, style, explode = reader.read(inner.get("schema", {})), "form", False
    else:
        schema = reader.read(raw.get("schema", {}))
        style, explode = style_of(raw)
    if isinstance(raw.get("description"), str):
        schema = {**schema, "description": raw["description"][:500]}
    return Parameter(name, place, argument_name(name), required, schema, style, explode, as_json=bool(content))


def _named(parameters: list[Parameter], taken: set[str]) -> tuple[Parameter, ...]:
    """Give parameters whose arguments would have the same name, or a name that is taken, the name of their place."""
    count = Counter(each.argument for each in parameters)
    made: list[Parameter] = []
    for each in parameters:
        argument = each.argument
        if argument in taken or count[argument] > 1:
            argument = f"{argument}_{each.place}"
        if argument in taken:
            raise BadDocument(f"it has several parameters {each.name!r}")
        taken.add(argument)
        made.append(replace(each, argument=argument))
    return tuple(made)


def _body(document: Document, reader: SchemaReader, raw: object) -> tuple[str | None, dict[str, Any], bool]:
    """Return the media type, the schema and whether the body is required."""
    body = document.resolved(raw)
    content, required = body.get("content"), body.get("required") is True
    types = list(content) if isinstance(content, Mapping) else []
    chosen = next((each for each in types if _is_json(each)), None) or next(
        (each for each in types if _plain(each) == FORM), None
    )
    if chosen is None:
        if required:
            raise BadDocument(f"its body is of the type {', '.join(types) or 'unknown'}. Only JSON and forms work")
        return None, {}, False
    media = document.resolved(content[chosen]) if isinstance(content, Mapping) else {}
    schema = reader.read(media.get("schema", {}))
    if isinstance(body.get("description"), str):
        schema = {"description": body["description"][:500], **schema}
    plain = _plain(chosen)
    return "application/json" if "*" in plain else plain, schema, required


def _is_json(media_type: str) -> bool:
    plain = _plain(media_type)
    return plain in ("application/json", "*/*", "application/*") or plain.endswith("+json")


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _check_path(path: str, parameters: tuple[Parameter, ...]) -> None:
    rest = path
    for each in parameters:
        if each.place == "path":
            if f"{{{each.name}}}" not in path:
                raise BadDocument(f"its path has no place for the parameter {each.name!r}")
            rest = rest.replace(f"{{{each.name}}}", "x")
    if "{" in rest or not path.startswith("/"):
        raise BadDocument(f"the path {path!r} has a part that isn't a parameter, or doesn't begin with /")


def _description(found: Found) -> str:
    texts = [found.raw.get("summary"), found.raw.get("description"), found.item.get("description")]
    parts = list(dict.fromkeys(text.strip() for text in texts if isinstance(text, str) and text.strip()))
    deprecated = ["Deprecated."] if found.raw.get("deprecated") is True else []
    return "\n\n".join([*deprecated, *parts, found.key])[:_MAX_DESCRIPTION]
