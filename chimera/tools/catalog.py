"""The catalog: finds the tools that an agent may use, whatever their source."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable

from pydantic import JsonValue
from pydantic_core import from_json

from chimera.db.engine import Connection
from chimera.tools.base import Tool
from models.ids import UserId


class ToolSource(Protocol):
    """A source whose tools may differ by user and change while a worker runs, such as MCP servers."""

    async def tools_of(self, connection: Connection, owner_id: UserId, patterns: Sequence[str]) -> Sequence[Tool]:
        """Return the user's active tools whose names match one of the patterns, in a stable order."""
        ...


@runtime_checkable
class KnowsDestination(Protocol):
    """A tool that can tell from its arguments whether the administrator trusts the server to which they are sent."""

    def is_trusted_destination(self, arguments: Mapping[str, JsonValue]) -> bool: ...


class Catalog:
    """All tools of a worker."""

    def __init__(self, tools: Iterable[Tool] = (), sources: Sequence[ToolSource] = ()) -> None:
        self.tools = {tool.definition.name: tool for tool in tools}
        """The tools that are the same for all users. Others with their names are hidden by them."""
        self._sources = sources

    async def matching(self, connection: Connection, owner_id: UserId, patterns: Sequence[str]) -> dict[str, Tool]:
        """Return the tools that a user's agent may use, by name. Patterns without a match are ignored."""
        found = {name: tool for name, tool in self.tools.items() if matches(name, patterns)}
        if all(pattern in found for pattern in patterns):
            return found
        for source in self._sources:
            tools = await source.tools_of(connection, owner_id, patterns)
            found = {tool.definition.name: tool for tool in tools} | found
        return found

    def is_trusted_destination(self, tool: Tool, arguments: str) -> bool:
        """Return whether a run may still send data to where this call goes after it has read content from outside.

        `arguments` is the JSON that the model wrote. Only tools that know their destinations can be trusted.
        """
        if not isinstance(tool, KnowsDestination):
            return False
        try:
            read = from_json(arguments or "{}")
        except ValueError:
            return False
        return isinstance(read, dict) and tool.is_trusted_destination(read)


def matches(name: str, patterns: Collection[str]) -> bool:
    """Return whether a tool's name matches one of the patterns of an agent."""
    # Most patterns are names, and this runs for every tool at every model call.
    return name in patterns or any("*" in pattern and fnmatchcase(name, pattern) for pattern in patterns)
