"""Tools run within the limits that their context sets."""

import asyncio
from uuid import uuid4

import pytest

from activities.tool_results import Overdue, arguments_in, limits_from_now, output_of
from chimera.providers.base import ToolRequest
from chimera.tools.base import ToolOutput
from chimera.tools.calculator import Calculator, CalculatorArguments
from chimera.tools.context import ToolContext, ToolLimits
from models.ids import ROOT, RunId, UserId

ARGUMENTS = {"expression": "17 * 23"}


class Remote(Calculator):
    """The calculator as a tool that waits for the event `answered`, which a test may never set."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.limits: ToolLimits | None = None

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        self.limits = context.limits
        await self.answered.wait()
        return await super().call(arguments, context)


class Broken(Calculator):
    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        raise TimeoutError("the server didn't answer")


async def test_a_tool_is_stopped_at_its_contexts_deadline() -> None:
    # The deadline has already passed, so the test doesn't wait.
    limits = ToolLimits(deadline=0.0, max_result_chars=100)
    with pytest.raises(Overdue):
        await output_of(Remote(), ARGUMENTS, a_context(limits))


async def test_a_tools_own_timeout_isnt_the_deadline() -> None:
    with pytest.raises(TimeoutError, match="the server didn't answer"):
        await output_of(Broken(), ARGUMENTS, a_context(limits_from_now()))


async def test_a_result_is_cut_at_its_contexts_limit() -> None:
    remote = Remote()
    remote.answered.set()
    limits = ToolLimits(limits_from_now().deadline, max_result_chars=2)
    output = await output_of(remote, ARGUMENTS, a_context(limits))
    assert (output.text, output.failed, remote.limits) == ("39", False, limits)


def test_arguments_can_be_stored() -> None:
    written = r'{"a\u0000": "b\u0000c", "d": [NaN, 1e999, {"e": "\u0000"}]}'
    assert arguments_in(ToolRequest("c1", "t", written)) == {"a": "bc", "d": [None, None, {"e": ""}]}


def a_context(limits: ToolLimits) -> ToolContext:
    return ToolContext(
        owner_id=UserId(str(uuid4())),
        run_id=RunId(str(uuid4())),
        path=ROOT,
        step=1,
        index=0,
        idempotency_key="k",
        limits=limits,
    )
