"""The available tools, by name: describes them to a model, and runs them with the model's arguments."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from chimera.providers.base import ToolSpec
from chimera.tools.base import AnyTool, ToolError
from chimera.tools.context import ToolContext


class Registry:
    """Tools by name."""

    def __init__(self, tools: Iterable[AnyTool]) -> None:
        self.by_name: dict[str, AnyTool] = {tool.name: tool for tool in tools}

    def specs_of(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """Describe tools for a model; unknown tools are omitted."""
        return tuple(_spec_of(self.by_name[name]) for name in names if name in self.by_name)

    def is_answered_at_once(self, name: str) -> bool:
        """Return whether a call needs only its arguments; a call of an unknown tool is rejected at once, too."""
        tool = self.by_name.get(name)
        return tool is None or tool.kind == "pure"

    def may_run_again(self, name: str) -> bool:
        """Return whether a call that has begun, but whose outcome is unknown, may run again."""
        tool = self.by_name.get(name)
        return tool is None or tool.kind != "once"

    async def run(self, name: str, arguments: str, context: ToolContext | None = None) -> str:
        """Run a tool with the JSON text that a model wrote as its arguments; a pure tool needs no context.

        Raises `ToolError` for an unknown tool, for invalid arguments, and for anything that the tool rejects. Its
        message is for the model.
        """
        tool = self._named(name)
        args = _read(tool, arguments)
        if tool.kind == "pure":
            return await tool.run(args)
        if context is None:
            raise ValueError(f"Tool {name!r} is not pure, so it needs a context.")
        return await tool.run(args, context)

    def _named(self, name: str) -> AnyTool:
        tool = self.by_name.get(name)
        if tool is None:
            raise ToolError(f"Unknown tool {name[:60]!r}. Use one of {', '.join(self.by_name)}.")
        return tool


def _spec_of(tool: AnyTool) -> ToolSpec:
    contract: type[BaseModel] = tool.arguments
    return ToolSpec(name=tool.name, description=tool.description, parameters=_schema_of(contract))


@cache
def _schema_of(contract: type[BaseModel]) -> dict[str, Any]:
    return contract.model_json_schema()


def _read(tool: AnyTool, arguments: str) -> BaseModel:
    contract: type[BaseModel] = tool.arguments
    try:
        return contract.model_validate_json(arguments or "{}")
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'arguments'}: {p['msg']}" for p in error.errors()[:3])
        message = f"Invalid arguments for {tool.name!r}: {problems}. Send one JSON object."
        raise ToolError(message) from None
