"""Turns that request two tools at once, each of which runs in its own activity."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from activities.calls import heartbeats
from chimera.providers.base import ChatEnd, ChatRequest, TextDelta, ToolRequest
from chimera.providers.chat_completions.chat import ChatCompletions
from chimera.tools.base import ToolOutput
from chimera.tools.calculator import CalculatorArguments
from chimera.tools.context import ToolContext
from models.errors import InvalidInput
from models.tools import ToolKind
from tests.replaced_tools import StandIn, replace_calculator

HELD_S = 2.0
"""The time that a cancelled tool takes to end: longer than Temporal needs to begin the next step too early."""


@dataclass
class TwoTools(StandIn):
    """The calculator as two tools. The second one first works until it is cancelled, and then takes a while to end.

    The first one ends when it is cancelled or, `failures` times, fails permanently once the second one works.
    """

    failures: int = 0
    kind = ToolKind.IDEMPOTENT

    def __post_init__(self) -> None:
        self.second_begun = asyncio.Event()
        # These count runs of the second tool.
        self.begun = self.active = self.most_active = 0

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return ToolOutput(await (self._first() if context.index == 0 else self._second()))

    async def _first(self) -> str:
        await self.second_begun.wait()
        if self.failures:
            self.failures -= 1
            raise InvalidInput("expression", "The tool's other side refuses.")
        # In a retry, the second one may begin later than this one.
        while self.begun == 1:
            await asyncio.sleep(0.02)
        return "1"

    async def _second(self) -> str:
        self.begun += 1
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        self.second_begun.set()
        try:
            if self.begun == 1:
                await _ends_late()
        finally:
            self.active -= 1
        return "2"


async def _ends_late() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(HELD_S)
        raise


@contextmanager
def two_tools(failures: int = 0) -> Iterator[TwoTools]:
    """Make models request both tools from this process's workers, on the first turn of the subtask `sum`."""
    tools, real = TwoTools(failures), ChatCompletions.stream

    async def asking(self: ChatCompletions, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
        async for item in real(self, request):
            if isinstance(item, ChatEnd) and "/sum#turn.1" in request.call_id:
                calls = tuple(ToolRequest(f"c{n}", "calculator", f'{{"expression": "{n}"}}') for n in (1, 2))
                yield replace(item, state=None, tool_calls=calls)
            else:
                yield item

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChatCompletions, "stream", asking)
        replace_calculator(patch, tools)
        # A cancel arrives with the response to a heartbeat.
        patch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.2)
        yield tools
