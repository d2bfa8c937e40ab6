"""Tools that take the place of the calculator in this process's workers."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta, ToolRequest
from chimera.providers.chat_completions.chat import ChatCompletions
from chimera.tools.base import ToolOutput
from chimera.tools.calculator import Calculator, CalculatorArguments, calculate
from chimera.tools.context import ToolContext
from models.tools import ToolKind


class StandIn:
    """A tool that models call as the calculator. It computes, like the real one, unless a subclass does otherwise."""

    kind = ToolKind.PURE
    instant = False
    reads_only = True
    untrusted = False

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return ToolOutput(calculate(arguments.expression))


def replace_calculator(patch: pytest.MonkeyPatch, tool: StandIn) -> None:
    """Let `tool` do the calculator's work until the patch ends."""

    async def call(self: Calculator, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return await tool.call(arguments, context)

    patch.setattr(Calculator, "call", call)
    for name in ("kind", "instant", "reads_only", "untrusted"):
        patch.setattr(Calculator, name, getattr(tool, name))


@contextmanager
def requested_calls(calls: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[None]:
    """Make models request tools, each as a name and JSON arguments, in the answers to certain calls.

    A call is named by the end of its ID, for example `/sum#turn.1`.
    """
    real = ChatCompletions.stream

    async def asking(self: ChatCompletions, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        wanted = next((asked for place, asked in calls.items() if request.call_id.endswith(place)), ())
        requests = tuple(ToolRequest(f"c{n}", name, arguments) for n, (name, arguments) in enumerate(wanted))
        async for item in real(self, request):
            yield replace(item, state=None, tool_calls=requests) if requests and isinstance(item, ChatEnd) else item

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChatCompletions, "stream", asking)
        yield
