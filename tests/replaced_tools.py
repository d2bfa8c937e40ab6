"""Tools that take the place of the calculator in this process's workers."""

import pytest

from chimera.tools.base import ToolOutput
from chimera.tools.calculator import Calculator, CalculatorArguments, calculate
from chimera.tools.context import ToolContext
from models.tools import ToolKind


class StandIn:
    """A tool that models call as the calculator. It computes, like the real one, unless a subclass does otherwise."""

    kind = ToolKind.PURE
    instant = False
    reads_only = True

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return ToolOutput(calculate(arguments.expression))


def replace_calculator(patch: pytest.MonkeyPatch, tool: StandIn) -> None:
    """Let `tool` do the calculator's work until the patch ends."""

    async def call(self: Calculator, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return await tool.call(arguments, context)

    patch.setattr(Calculator, "call", call)
    for name in ("kind", "instant", "reads_only"):
        patch.setattr(Calculator, name, getattr(tool, name))
