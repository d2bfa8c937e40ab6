"""The tools that agents can be given."""

from functools import cache

from pydantic import ValidationError

from chimera.providers.base import ToolSpec
from chimera.tools.base import AnyTool, ToolError
from chimera.tools.calculator import Calculator

TOOLS: dict[str, AnyTool] = {
    "calculator": Calculator(),
}


@cache
def spec_of(name: str) -> ToolSpec:
    """Describe a tool the way a model is offered it."""
    tool = tool_named(name)
    return ToolSpec(name=tool.name, description=tool.description, parameters=tool.arguments.model_json_schema())


async def run_tool(name: str, arguments: str) -> str:
    """Run a tool on the JSON text that a model wrote.

    Raises `ToolError` for an unknown tool, for arguments that don't fit and for what the tool refuses: its message is
    for the model.
    """
    tool = tool_named(name)
    try:
        args = tool.arguments.model_validate_json(arguments or "{}")
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'arguments'}: {p['msg']}" for p in error.errors()[:3])
        raise ToolError(f"The arguments of {name!r} don't fit: {problems}. Send one JSON object.") from None
    return await tool.run(args)


def tool_named(name: str) -> AnyTool:
    """Find a tool; raises `ToolError` naming those there are."""
    tool = TOOLS.get(name)
    if tool is None:
        raise ToolError(f"There is no tool {name[:60]!r}; use one of {', '.join(TOOLS)}.")
    return tool
