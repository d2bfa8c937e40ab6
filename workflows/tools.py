"""The tools of a turn, as activities: they start together, and none outlives the turn."""

import asyncio

from temporalio import workflow

from models.activities import ToolCalls
from models.activity_options import RUN_TOOL
from models.model_calls import ModelCallOutcome
from models.tool_calls import ToolCallOutcome, ToolCallRequest
from workflows.node import Node

ToolRun = workflow.ActivityHandle[ToolCallOutcome]


async def run_tools(node: Node, step: int, outcome: ModelCallOutcome) -> None:
    """Run the tools of a turn that weren't answered with the model call that requested them.

    Raises the first failure as ActivityError, and what `Node.open` raises.
    """
    open_calls = [(index, name) for index, name in enumerate(outcome.tool_calls) if index not in outcome.answered]
    if not open_calls:
        return
    # The model call may have consumed a cancellation, and a pause holds back tools as well as calls. A node that is
    # suspended here repeats the step, and gets its answer from the ledger.
    await node.open()
    with node.gate.in_flight():
        await _ended([_begun(node, name, step, index) for index, name in open_calls])


def _begun(node: Node, name: str, step: int, index: int) -> ToolRun:
    request = ToolCallRequest(run_id=node.place.run_id, path=node.place.path, step=step, index=index)
    return workflow.start_activity_method(ToolCalls.run, request, summary=name, **RUN_TOOL)


async def _ended(tools: list[ToolRun]) -> None:
    """Wait until every tool has ended. The first failure cancels the others.

    `gather` alone returns at the first failure or the first confirmed cancellation. A retry of the node would then
    start tools that are still running, and a record of the node's end would be wrong.
    """
    try:
        await asyncio.gather(*tools)
    finally:
        for tool in tools:
            tool.cancel()
        await asyncio.gather(*tools, return_exceptions=True)
