"""The tools of a turn: they start together, and none outlives the turn.

A tool call is one activity. If a person has to decide about it, or if it delegates work to a subtask, the activity
returns at once, and it runs again after the decision, or after the subtask has ended. Meanwhile, no worker is occupied.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow

from models.activities import ToolCalls
from models.activity_options import RUN_TOOL
from models.model_calls import ModelCallOutcome
from models.tool_calls import ToolCallOutcome, ToolCallRequest
from workflows.delegation import run_delegated
from workflows.node import Node, Suspended


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
    await _ended(node, [asyncio.create_task(_run(node, name, step, index)) for index, name in open_calls])


async def _run(node: Node, name: str, step: int, index: int) -> None:
    """Run one tool call until its result is in the transcript."""
    place = node.place
    request = ToolCallRequest(run_id=place.run_id, path=place.path, step=step, index=index, retry=place.retry)
    while True:
        with node.gate.in_flight():
            outcome: ToolCallOutcome = await workflow.execute_activity_method(
                ToolCalls.run, request, summary=name, **RUN_TOOL
            )
        if outcome.child is None and outcome.wait is None:
            return
        # An activity that completes although it is being cancelled consumes the cancellation.
        node.hand_on_end()
        if outcome.child is not None:
            await run_delegated(node, outcome.child)
        elif outcome.wait is not None:
            timeout_s = outcome.wait.timeout_s
            node.show(f"{name} waits for a person")
            await node.decision(step, index, None if timeout_s is None else timedelta(seconds=timeout_s))


async def _ended(node: Node, tools: "list[asyncio.Task[None]]") -> None:
    """Wait until every tool has ended. The first failure cancels the others; a suspension doesn't.

    `gather` alone returns at the first failure or the first confirmed cancellation. A retry of the node would then
    start tools that are still running, and a record of the node's end would be wrong.
    """
    try:
        await workflow.wait_condition(lambda: all(tool.done() for tool in tools) or any(map(_has_failed, tools)))
    finally:
        if not all(tool.done() for tool in tools):
            # The node ends, and with it the subtasks that its tools have delegated.
            node.is_ending_children = True
        for tool in tools:
            tool.cancel()
        ends = await asyncio.gather(*tools, return_exceptions=True)
    # A failure takes precedence over the cancellations that it caused.
    for end in sorted((end for end in ends if end is not None), key=_rank_of):
        raise end


def _has_failed(tool: "asyncio.Task[None]") -> bool:
    if not tool.done():
        return False
    return tool.cancelled() or not isinstance(tool.exception(), Suspended | None)


def _rank_of(end: BaseException) -> int:
    return 2 if isinstance(end, Suspended) else 1 if isinstance(end, asyncio.CancelledError) else 0
