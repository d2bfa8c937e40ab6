"""Tools run within the limits that their context sets. The context's database is never used."""

import asyncio
from typing import Literal
from uuid import uuid4

import pytest

from activities.tool_results import limits_from_now, result_of
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.providers.base import ToolRequest
from chimera.tools import TOOLS
from chimera.tools.calculator import Calculator, CalculatorArguments
from chimera.tools.context import ToolClients, ToolContext, ToolLimits
from models.ids import ROOT, RunId, UserId

CALL = ToolRequest("c1", "calculator", '{"expression": "17 * 23"}')


class Remote:
    """The calculator as a tool that waits for the event `answered`, which a test may never set."""

    name, description, arguments = Calculator.name, Calculator.description, CalculatorArguments
    kind: Literal["idempotent"] = "idempotent"

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.limits: ToolLimits | None = None

    async def run(self, args: CalculatorArguments, context: ToolContext) -> str:
        self.limits = context.limits
        await self.answered.wait()
        return await Calculator().run(args)


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Remote:
    tool = Remote()
    monkeypatch.setitem(TOOLS.by_name, "calculator", tool)
    return tool


async def test_a_tool_is_stopped_at_its_contexts_deadline(remote: Remote) -> None:
    # The deadline has already passed, so the test doesn't wait.
    limits = ToolLimits(deadline=0.0, max_result_chars=100)
    result = await result_of(0, CALL, a_context(limits))
    assert (result.failed, remote.limits) == (True, limits)
    assert result.text == "calculator took longer than 0 s and was stopped."


async def test_a_tools_own_timeout_isnt_the_deadline(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(args: CalculatorArguments, context: ToolContext) -> str:
        raise TimeoutError("the server didn't answer")

    monkeypatch.setattr(remote, "run", broken)
    with pytest.raises(TimeoutError, match="the server didn't answer"):
        await result_of(0, CALL, a_context(limits_from_now()))


async def test_a_result_is_cut_at_its_contexts_limit(remote: Remote) -> None:
    remote.answered.set()
    limits = ToolLimits(limits_from_now().deadline, max_result_chars=2)
    result = await result_of(0, CALL, a_context(limits))
    assert (result.text, result.failed) == ("39", False)


def a_context(limits: ToolLimits) -> ToolContext:
    settings = Settings(_env_file=None, database_url="postgresql://127.0.0.1/none")
    return ToolContext(
        owner_id=UserId(str(uuid4())),
        run_id=RunId(str(uuid4())),
        path=ROOT,
        step=1,
        index=0,
        idempotency_key="k",
        clients=ToolClients(settings, Database(settings)),
        limits=limits,
    )
