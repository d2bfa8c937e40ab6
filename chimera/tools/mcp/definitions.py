"""The tools that a server offers, checked and bounded, and the names under which models see them.

A hash covers everything that a model or the policy sees of a tool. Descriptions and schemas are a stranger's text: they
are passed on as they are, once accepted, and a change has to be accepted again.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic_core import to_json

from chimera.content import schemas
from chimera.content.text import clean_json, clean_text
from chimera.tools.mcp.servers import Server, ToolSettings
from models.tools import SEPARATOR, ToolDefinition, ToolKind, ToolSource

MAX_TOOLS = 200
MAX_DEFINITION_BYTES = 256 * 1024
MAX_NAME_CHARS = 64
HASH_CHARS = 8
_OTHER = re.compile(r"[^A-Za-z0-9_-]")


class NotUsable(ValueError):
    """A server's list of tools can't be used. The message is a sentence."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as its server offers it."""

    original: str
    description: str
    parameters: Mapping[str, Any]
    annotations: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The hash of name, description, schema and annotations in canonical JSON."""
        parts = (self.original, self.description, self.parameters, self.annotations)
        return hashlib.sha256(to_json(_sorted(parts))).hexdigest()


@dataclass(frozen=True, slots=True)
class Listing:
    """The usable tools of a server by their full names, and why others can't be used."""

    definitions: Mapping[str, ToolDefinition]
    hashes: Mapping[str, str]
    problems: tuple[str, ...] = ()


def listing_of(server: Server, tools: Iterable[Mapping[str, Any]]) -> Listing:
    """Return the tools of a server from the results of its `tools/list`.

    Raises NotUsable if there are too many, or if they are too large.
    """
    found: dict[str, Offered] = {}
    problems: list[str] = []
    for tool in tools:
        offered = _offered(tool)
        if not _is_allowed(server, offered.original):
            continue
        if (problem := _execution_problem(tool) or schema_problem(offered.parameters)) is not None:
            problems.append(f"Tool {offered.original[:80]!r} is left out: {problem}")
        elif found.setdefault(offered.original, offered) != offered:
            problems.append(f"Tool {offered.original[:80]!r} is offered twice, with different definitions.")
    names = full_names(server.name, found)
    return Listing(
        {names[each.original]: definition_of(server, names[each.original], each) for each in found.values()},
        {names[each.original]: each.sha256 for each in found.values()},
        tuple(problems),
    )


def check_size(tools: Sequence[Mapping[str, Any]]) -> None:
    """Raise NotUsable if a server offers more than we keep."""
    if len(tools) > MAX_TOOLS:
        raise NotUsable(f"The server offers more than {MAX_TOOLS} tools.")
    if len(to_json(tools)) > MAX_DEFINITION_BYTES:
        raise NotUsable(f"The definitions of the server's tools are longer than {MAX_DEFINITION_BYTES // 1024} KB.")


def full_names(server: str, originals: Iterable[str]) -> dict[str, str]:
    """Return the full name of each tool, `<server>__<tool>`, by the server's own name.

    Characters that not all vendors accept become `_`. A name that is too long, or equal to another one after that, ends
    in a hash of the tool's own name, so that it doesn't depend on the order of the tools.
    """
    whole = {original: f"{server}{SEPARATOR}{_OTHER.sub('_', original)}" for original in originals}
    taken = [*whole.values()]
    return {
        original: name
        if len(name) <= MAX_NAME_CHARS and (taken.count(name) == 1 or name == f"{server}{SEPARATOR}{original}")
        else _hashed(name, original)
        for original, name in whole.items()
    }


def definition_of(server: Server, name: str, offered: Offered) -> ToolDefinition:
    """Return a tool's definition: its server's statements, unless an administrator has overridden them."""
    notes, ours = offered.annotations, server.settings.tools.get(offered.original, ToolSettings())
    kind = ours.kind or _kind_of(notes)
    reads_only = ours.reads_only if ours.reads_only is not None else notes.get("readOnlyHint") is True
    # A user's server is always elsewhere: its own statement can't make its answers trustworthy, or keep arguments here.
    is_open = server.owner_id is not None or notes.get("openWorldHint") is not False
    return ToolDefinition(
        name=name,
        description=offered.description,
        parameters=dict(offered.parameters),
        kind=kind,
        source=ToolSource.MCP,
        server=server.name,
        original=offered.original,
        reads_only=reads_only,
        untrusted=is_open and not server.settings.trusted,
        egress=is_open,
    )


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Return why a schema can't describe arguments; None if it can. Nothing outside the schema is read."""
    if schema.get("type") != "object":
        return "its schema doesn't describe an object."
    problem = schemas.is_usable(dict(schema), of_object=True)
    return None if problem is None else f"its schema can't be used: {problem}"


def _execution_problem(tool: Mapping[str, Any]) -> str | None:
    execution = tool.get("execution")
    if isinstance(execution, dict) and execution.get("taskSupport") == "required":
        return "it runs only as one of the server's own tasks, which isn't supported."
    return None


def _offered(tool: Mapping[str, Any]) -> Offered:
    schema, notes = clean_json(tool.get("inputSchema")), clean_json(tool.get("annotations"))
    # A title appears in `annotations` or beside them. It isn't shown to models.
    kept = {key: value for key, value in notes.items() if key != "title"} if isinstance(notes, dict) else {}
    return Offered(
        original=clean_text(str(tool.get("name", ""))),
        description=clean_text(str(tool.get("description") or "")),
        parameters=schema if isinstance(schema, dict) else {},
        annotations=kept,
    )


def _is_allowed(server: Server, original: str) -> bool:
    allow = server.settings.allow
    return allow is None or any(fnmatchcase(original, pattern) for pattern in allow)


def _kind_of(notes: Mapping[str, Any]) -> ToolKind:
    if notes.get("readOnlyHint") is True:
        return ToolKind.PURE
    return ToolKind.IDEMPOTENT if notes.get("idempotentHint") is True else ToolKind.ONCE


def _hashed(name: str, original: str) -> str:
    ending = hashlib.sha256(original.encode()).hexdigest()[:HASH_CHARS]
    return f"{name[: MAX_NAME_CHARS - HASH_CHARS - 1]}_{ending}"


def _sorted(value: Any) -> Any:
    """Return JSON whose objects have sorted names."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list | tuple) else value
